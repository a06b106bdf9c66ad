-- Held deletions, in the source's transactions.

-- name: counts
-- How many of a job's deletions are held, and what was said of them.
select job_id, state, count(*) from sync_held
where tenant_id = %(tenant_id)s and job_id = any (%(jobs)s) group by job_id, state;

-- name: outset
-- What a guard begins with: what is held, and whether the job keeps any account in line at all.
select count(*) filter (where state = 'waiting'), count(*) filter (where state = 'allowed'),
       count(*) filter (where state = 'rejected'),
       exists (select from sync_object
               where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'linked')
from sync_held where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: counts_of_all
select job_id, state, count(*) from sync_held where tenant_id = %(tenant_id)s group by job_id, state;

-- name: states
-- What was said of these people's deletions.
select source_id, state from sync_held
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = any (%(ids)s::uuid[]);

-- name: recent
-- Deletions that nobody asked for by name, within the window. What an approved plan, an undo or an allowed
-- deletion did counts no longer: somebody has looked at it.
select count(*) from provisioning_log
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and action = 3 and at > %(since)s
  and not run_id = any (array(
    select id from sync_run
    where tenant_id = %(tenant_id)s and job_id = %(job_id)s and kind in ('manual', 'undo', 'demand', 'allowed')));

-- name: links
-- How many accounts the job keeps in line; counted only as far as it matters.
select count(*) from (
  select from sync_object
  where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'linked' limit %(at_most)s) l;

-- name: not_offered
-- Who of these people stands in the target and is not offered any more. Where a filter decides as well
-- (`filtered`), everybody who stands there: it is asked afterwards.
select o.source_id from unnest(%(ids)s::uuid[]) i (id)
cross join lateral (
  select source_id from sync_object
  where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = i.id and state = 'linked' and kind = 'user'
  limit 1
) o
where %(filtered)s or not exists (
  select from users u
  where u.tenant_id = %(tenant_id)s and u.id = o.source_id and u.deleted_at is null and u.creation_type is null
    and u.user_type = 'Member'
    and (%(everybody)s
         or exists (select from sync_assignment a
                    where a.tenant_id = u.tenant_id and a.job_id = %(job_id)s and a.principal_id = u.id
                      and a.principal_kind = 'user')
         or exists (select from group_member m
                    join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null
                      and g.security_enabled
                    join sync_assignment a on a.tenant_id = m.tenant_id and a.job_id = %(job_id)s
                      and a.principal_id = m.group_id and a.principal_kind = 'group'
                    where m.tenant_id = u.tenant_id and m.member_id = u.id and m.member_kind = 'user')));

-- name: leaving_groups
-- Which of these groups the job has put into the target and would take away.
select o.source_id from sync_object o
where o.tenant_id = %(tenant_id)s and o.job_id = %(job_id)s and o.source_id = any (%(ids)s::uuid[]) and o.kind = 'group'
  and o.state = 'linked'
  and not exists (
    select from groups g
    join sync_assignment a on a.tenant_id = g.tenant_id and a.job_id = o.job_id and a.principal_id = g.id
    where g.tenant_id = o.tenant_id and g.id = o.source_id and g.deleted_at is null and g.security_enabled
      and not g.mail_enabled);

-- name: add
-- Held from now on; whoever was held already stays as she was.
insert into sync_held (tenant_id, job_id, source_id, kind, target_id, state, cause, held_at)
select %(tenant_id)s, %(job_id)s, h.source_id, h.kind, h.target_id, 'waiting', h.cause, %(at)s
from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(targets)s::uuid[], %(causes)s::uuid[]) h (source_id, kind, target_id, cause)
order by h.source_id
on conflict do nothing;

-- name: drop
-- Not held any longer: done, or no longer to be done.
delete from sync_held
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = any (%(ids)s::uuid[]);

-- name: drop_all
delete from sync_held where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: held
-- One page, by id; with the names at home.
select h.source_id, h.kind, h.target_id, h.state, h.cause, h.held_at, coalesce(u.display_name, g.display_name),
       u.user_principal_name
from sync_held h
left join users u on u.tenant_id = h.tenant_id and u.id = h.source_id and h.kind = 'user'
left join groups g on g.tenant_id = h.tenant_id and g.id = h.source_id and h.kind = 'group'
where h.tenant_id = %(tenant_id)s and h.job_id = %(job_id)s and h.source_id > %(after)s and h.state = any (%(states)s)
order by h.source_id limit %(at_most)s;

-- name: say
-- Something is said of held deletions: of those named, or of all that wait.
update sync_held set state = %(state)s, cause = coalesce(%(cause)s, cause)
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state <> %(state)s
  and case when %(ids)s::uuid[] is null then state = 'waiting' else source_id = any (%(ids)s::uuid[]) end
returning source_id;

-- name: allowed_jobs
-- Which jobs have something to do that was held and is allowed now?
select distinct job_id from sync_held where tenant_id = %(tenant_id)s and state = 'allowed' order by job_id;

-- name: allowed
-- What is allowed, by id, with the approval.
select source_id, cause from sync_held
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'allowed' and kind = %(kind)s
  and source_id > %(after)s
order by source_id limit %(at_most)s;

-- name: set_threshold
update sync_job set threshold_on = %(is_on)s, threshold_number = %(number)s, threshold_percent = %(percent)s
where tenant_id = %(tenant_id)s and id = %(id)s;
