-- The provisioning log, in the source tenant.

-- name: lines
-- Newest first, with the work time of the run and how many it went for. An account that is switched off is an update
-- whose new accountEnabled is false: in bit order it stands behind the changed attributes before it.
select l.plan_id, l.step, l.job_id, l.run_id, l.source_id, l.target_id, l.action, l.status, l.code, l.changed,
       l.before, l.after, l.at, l.kind, l.details,
       r.seconds, r.created + r.updated + r.deleted + r.restored + r.skipped + r.failed
from (
  select *, action in (2, 4, 5) and changed & 128 <> 0 and kind is null
            and after[1 + bit_count((changed & 127)::bit(8))] = 'false' as disables
  from provisioning_log
  where tenant_id = %(tenant_id)s and (%(job_id)s::uuid is null or job_id = %(job_id)s)
    and (%(run_id)s::uuid is null or run_id = %(run_id)s)
    and (%(source_id)s::uuid is null or source_id = %(source_id)s)
    and (%(statuses)s::smallint[] is null or status = any (%(statuses)s::smallint[]))
    and (%(since)s::timestamptz is null or at >= %(since)s)
    and (plan_id, step) < (%(before_plan)s, %(before_step)s)
) l
left join sync_run r on r.tenant_id = %(tenant_id)s and r.id = l.run_id
where %(actions)s::smallint[] is null
   or (l.disables and %(disables)s) or (not coalesce(l.disables, false) and l.action = any (%(actions)s::smallint[]))
order by l.plan_id desc, l.step desc limit %(at_most)s;

-- name: line
select l.plan_id, l.step, l.job_id, l.run_id, l.source_id, l.target_id, l.action, l.status, l.code, l.changed,
       l.before, l.after, l.at, l.kind, l.details,
       r.seconds, r.created + r.updated + r.deleted + r.restored + r.skipped + r.failed
from provisioning_log l left join sync_run r on r.tenant_id = l.tenant_id and r.id = l.run_id
where l.tenant_id = %(tenant_id)s and l.plan_id = %(plan_id)s and l.step = %(step)s;

-- name: names
-- What people and groups are called in the source.
select id, display_name, user_principal_name from users
where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]) and purged_at is null
union all
select id, display_name, null from groups where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]);
