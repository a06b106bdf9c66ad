-- How jobs stand, in the source tenant.

-- name: executions
-- The newest run that ended, the newest that succeeded, and the newest of those that wrote anything.
select which, r.* from (
  select 'last' as which, (select id from sync_run where tenant_id = %(tenant_id)s and job_id = %(job_id)s
     and ended_at is not null order by id desc limit 1) as id
  union all
  select 'success', (select id from sync_run where tenant_id = %(tenant_id)s and job_id = %(job_id)s
     and ended_at is not null and state in ('Succeeded', 'EntryLevelErrors') order by id desc limit 1)
  union all
  select 'exports', (select id from sync_run where tenant_id = %(tenant_id)s and job_id = %(job_id)s
     and ended_at is not null and state in ('Succeeded', 'EntryLevelErrors')
     and created + updated + deleted + restored > 0 order by id desc limit 1)
) w
join lateral (
  select id, job_id, cause, state, error, started_at, ended_at, seconds, created, updated, deleted, restored, skipped, failed
  from sync_run where tenant_id = %(tenant_id)s and id = w.id
) r on true;

-- name: figures
-- Failures in a row, when the target was first and last as it should be, what is being done, and who is there.
select (select count(*) from sync_run r where r.tenant_id = %(tenant_id)s and r.job_id = %(job_id)s and r.state = 'Failed'
          and not exists (select from sync_run s where s.tenant_id = r.tenant_id and s.job_id = r.job_id and s.id > r.id
                            and s.state in ('Succeeded', 'EntryLevelErrors'))),
       (select min(ended_at) from sync_run where tenant_id = %(tenant_id)s and job_id = %(job_id)s
          and state in ('Succeeded', 'EntryLevelErrors')),
       (select max(ended_at) from sync_run where tenant_id = %(tenant_id)s and job_id = %(job_id)s
          and state in ('Succeeded', 'EntryLevelErrors')),
       (select sum(created + updated + deleted + restored + skipped + failed)::bigint from sync_run
          where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'Running'),
       (select count(*) from sync_object where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'linked'
          and kind = 'user'),
       (select count(*) from sync_object where tenant_id = %(tenant_id)s and job_id = %(job_id)s and state = 'linked'
          and kind = 'group');

-- name: held
-- Since when, and how many, deletions of these jobs wait for somebody's word.
select job_id, min(held_at), max(held_at), count(*) from sync_held
where tenant_id = %(tenant_id)s and state = 'waiting' group by job_id;
