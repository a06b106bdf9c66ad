-- What is over on the business clock goes. In the source: plans, runs, log, escrow; in the target: receipts.

-- name: logged_plans
-- Plans whose newest log line is old: one probe per plan, along the key.
with recursive plans (plan_id) as (
  (select plan_id from provisioning_log where tenant_id = %(tenant_id)s order by plan_id limit 1)
  union all
  select (select l.plan_id from provisioning_log l where l.tenant_id = %(tenant_id)s and l.plan_id > p.plan_id
          order by l.plan_id limit 1)
  from plans p where p.plan_id is not null
)
select p.plan_id from plans p cross join lateral (
  select at from provisioning_log l where l.tenant_id = %(tenant_id)s and l.plan_id = p.plan_id order by l.step desc limit 1
) newest where newest.at < %(before)s limit %(at_most)s;

-- name: drop_log
delete from provisioning_log
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step in (
  select step from provisioning_log where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s order by step limit %(at_most)s);

-- name: receipt_plans
-- Target: plans whose newest receipt is old.
with recursive plans (plan_id) as (
  (select plan_id from sync_receipt where tenant_id = %(tenant_id)s order by plan_id limit 1)
  union all
  select (select r.plan_id from sync_receipt r where r.tenant_id = %(tenant_id)s and r.plan_id > p.plan_id
          order by r.plan_id limit 1)
  from plans p where p.plan_id is not null
)
select p.plan_id from plans p cross join lateral (
  select at from sync_receipt r where r.tenant_id = %(tenant_id)s and r.plan_id = p.plan_id order by r.step desc limit 1
) newest where newest.at < %(before)s limit %(at_most)s;

-- name: drop_receipts
-- Target.
delete from sync_receipt
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step in (
  select step from sync_receipt where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s order by step limit %(at_most)s);

-- name: over_plans
-- Plans that nobody applied are over after their seven days, the others when their run can no longer be undone;
-- what is being applied stays until it is done.
select id from sync_plan
where tenant_id = %(tenant_id)s and (
  (state in ('planning', 'planned', 'refused', 'expired') and created_at < %(unapplied_before)s)
  or (state in ('applied', 'interrupted') and created_at < %(before)s))
order by id limit %(at_most)s;

-- name: drop_steps
delete from sync_step
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step in (
  select step from sync_step where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s order by step limit %(at_most)s);

-- name: drop_plan
delete from sync_plan where tenant_id = %(tenant_id)s and id = %(plan_id)s;

-- name: drop_runs
-- A job's newest run stays, and the first that succeeded: its status tells of both.
delete from sync_run r where r.tenant_id = %(tenant_id)s and r.ended_at < %(before)s
  and exists (select from sync_run n where n.tenant_id = r.tenant_id and n.job_id = r.job_id and n.id > r.id)
  and (r.state not in ('Succeeded', 'EntryLevelErrors')
       or exists (select from sync_run n where n.tenant_id = r.tenant_id and n.job_id = r.job_id and n.id < r.id
                    and n.state in ('Succeeded', 'EntryLevelErrors')));
