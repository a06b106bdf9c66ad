-- Stored plans of cross-tenant sync, in the source's transactions.

-- name: plan
select id, job_id, run_id, kind, state, guard, proposal, counts, looked_at, stop_asked, to_position, created_at,
       expires_at, cause
from sync_plan where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: plan_fill
-- What it is decided on; a plan whose making was cut off begins anew.
update sync_plan set guard = %(guard)s, to_position = %(to_position)s, counts = '{}', looked_at = 0
where tenant_id = %(tenant_id)s and id = %(id)s and state = 'planning';

-- name: plan_progress
update sync_plan set counts = %(counts)s, looked_at = %(looked_at)s where tenant_id = %(tenant_id)s and id = %(id)s
returning stop_asked;

-- name: plan_move
-- From one state to another, once.
update sync_plan set state = %(to)s, guard = coalesce(%(guard)s::jsonb, guard), cause = coalesce(%(cause)s, cause),
  stop_asked = false
where tenant_id = %(tenant_id)s and id = %(id)s and state = any (%(of)s);

-- name: plan_finish
update sync_plan set state = %(state)s, counts = %(counts)s where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: ask_plans_to_stop
-- Whatever is being applied for the job halts before its next batch.
update sync_plan set stop_asked = true
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'applying' and kind <> 'drain';

-- name: plans_since
-- How many single people were provisioned lately? Plan ids are in order of time.
select count(*) from sync_plan where tenant_id = %(tenant_id)s and id > %(since)s and kind = 'demand';

-- name: add_steps
insert into sync_step (tenant_id, plan_id, step, source_id, target_id, verdict, reason, changed, source_version,
                       target_version, outcome)
select %(tenant_id)s, %(plan_id)s, step, source_id, target_id, verdict, reason, changed, source_version,
       target_version, outcome
from staged_steps order by step;

-- name: drop_steps
delete from sync_step where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s;

-- name: drop_steps_of
delete from sync_step where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and source_id = any (%(ids)s::uuid[]);

-- name: steps
-- One page of a plan, in order.
select step, source_id, target_id, verdict, reason, changed, source_version, target_version, outcome
from sync_step
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step > %(after)s
  and (%(verdicts)s::smallint[] is null or verdict = any (%(verdicts)s::smallint[]))
  and (%(outcomes)s::smallint[] is null or outcome = any (%(outcomes)s::smallint[]))
order by step limit %(at_most)s;

-- name: open_steps
-- What of a plan is still to be applied, in order.
select step, source_id, target_id, verdict, reason, changed, source_version, target_version, outcome
from sync_step
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step > %(after)s and verdict between 1 and 8 and outcome is null
order by step limit %(at_most)s;

-- name: steps_of
-- What a plan says of these people.
select step, source_id, target_id, verdict, reason, changed, source_version, target_version, outcome
from sync_step
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and source_id = any (%(ids)s::uuid[]) order by step;

-- name: last_step
select coalesce(max(step), 0) from sync_step where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s;

-- name: settle_steps
update sync_step s set outcome = o.outcome, reason = coalesce(o.reason, s.reason)
from unnest(%(steps)s::integer[], %(outcomes)s::smallint[], %(reasons)s::text[]) o(step, outcome, reason)
where s.tenant_id = %(tenant_id)s and s.plan_id = %(plan_id)s and s.step = o.step;

-- name: tally
-- What a plan says and what became of it, counted; what was only found when it was applied is not part of what it says.
select verdict, outcome, changed & %(converts)s <> 0, coalesce(reason = %(unseen)s, false), count(*) from sync_step
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s group by 1, 2, 3, 4;

-- name: arrivals
-- Who of these people would come into the target by the plan, and as whom.
select source_id, target_id from sync_step
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and source_id = any (%(ids)s::uuid[])
  and verdict in (1, 4, 5) and target_id is not null;

-- name: in_scope_proposed
-- Who of the page would be offered by a job whose assignments were changed like this.
select p.id from unnest(%(ids)s::uuid[]) p(id) where p.id = any (%(add_users)s::uuid[])
union
select a.principal_id from sync_assignment a
where a.tenant_id = %(tenant_id)s and a.job_id = %(job_id)s and a.principal_id = any (%(ids)s::uuid[])
  and a.principal_kind = 'user' and not a.principal_id = any (%(remove)s::uuid[])
union
select m.member_id
from group_member m
join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null and g.security_enabled
where m.tenant_id = %(tenant_id)s and m.member_id = any (%(ids)s::uuid[]) and m.member_kind = 'user'
  and (m.group_id = any (%(add_groups)s::uuid[])
       or (not m.group_id = any (%(remove)s::uuid[])
           and exists (select from sync_assignment a
                       where a.tenant_id = m.tenant_id and a.job_id = %(job_id)s and a.principal_id = m.group_id)));

-- name: candidates_proposed
-- Whom a proposal would offer besides, by id.
select c.id from (
  (select p.id from unnest(%(add_users)s::uuid[]) p(id) where p.id > %(after)s order by p.id limit %(at_most)s)
  union
  (select distinct m.member_id from group_member m
   where m.tenant_id = %(tenant_id)s and m.group_id = any (%(add_groups)s::uuid[]) and m.member_id > %(after)s
     and m.member_kind = 'user'
   order by m.member_id limit %(at_most)s)
) c order by c.id limit %(at_most)s;

-- name: raise_watermark
-- A plan looked at everybody up to here; never backwards.
update sync_job set watermark = %(position)s, state_reason = null
where tenant_id = %(tenant_id)s and id = %(id)s and coalesce(watermark, -1) < %(position)s;

-- name: runs_of
-- A run and all others of the same cause, in every target.
select r.id, r.job_id, r.cause, r.state, r.plans from sync_run one
join sync_run r on r.tenant_id = one.tenant_id and r.cause = one.cause
where one.tenant_id = %(tenant_id)s and one.id = %(id)s order by r.id;

-- name: run_trace
-- Where a run's receipts are.
select cause, plans from sync_run where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: forget_links
-- Which account stands for whom is matched anew.
with references_too as (
  delete from sync_reference where tenant_id = %(tenant_id)s and job_id = %(job_id)s
)
delete from sync_object where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: reset_watermark
update sync_job set watermark = null where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: lock_job
select from sync_job where tenant_id = %(tenant_id)s and id = %(id)s for no key update;

-- name: set_drift_repair
update sync_job set drift_repair = %(on)s where tenant_id = %(tenant_id)s and id = %(id)s and drift_repair <> %(on)s;

-- name: linked
-- Whom the job keeps in line, by id.
select source_id from sync_object
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id > %(after)s and state = 'linked' and kind = 'user'
order by source_id limit %(at_most)s;

-- name: link_versions
-- At which version we left these people's accounts.
select source_id, target_version from sync_object
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = any (%(ids)s::uuid[]) and state = 'linked';

-- name: last_writers
-- Target: who last changed these accounts by hand; what sync writes stands in receipts, not here.
select distinct on (object_id) object_id, actor_name, at from audit_entry
where tenant_id = %(tenant_id)s and object_id = any (%(ids)s::uuid[]) order by object_id, id desc;

-- name: estimate
-- About how many people a look at everybody concerns.
select case when %(everybody)s then (select count(*) from users where tenant_id = %(tenant_id)s and creation_type is null)
  else greatest(
    (select count(*) from sync_object where tenant_id = %(tenant_id)s and job_id = %(job_id)s),
    (select count(*) from sync_assignment
     where tenant_id = %(tenant_id)s and job_id = %(job_id)s and principal_kind = 'user')
    + (select count(*) from group_member m
       where m.tenant_id = %(tenant_id)s
         and (m.group_id = any (%(add_groups)s::uuid[])
              or m.group_id in (select principal_id from sync_assignment
                                where tenant_id = %(tenant_id)s and job_id = %(job_id)s and principal_kind = 'group'))))
  end;
