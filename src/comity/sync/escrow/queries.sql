-- Escrow, in the source tenant.

-- name: due
-- Who is to be tried again, the longest waiting first.
select source_id, kind from sync_escrow
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and retry_at <= %(at)s
order by retry_at, source_id limit %(at_most)s;

-- name: jobs_due
-- Jobs in which somebody is to be tried again.
select distinct job_id from sync_escrow
where tenant_id = %(tenant_id)s and job_id = any (%(jobs)s) and retry_at <= %(at)s;

-- name: hasten
-- Everybody is tried in this very cycle.
update sync_escrow set retry_at = %(at)s where tenant_id = %(tenant_id)s and job_id = %(job_id)s and retry_at > %(at)s;

-- name: series
-- Since when, and how often, have these failed?
select source_id, failed_since, attempts from sync_escrow
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = any (%(ids)s::uuid[]);

-- name: save
insert into sync_escrow (tenant_id, job_id, source_id, kind, code, details, failed_since, failed_at, attempts, retry_at)
select %(tenant_id)s, %(job_id)s, e.source_id, e.kind, e.code, e.details, e.failed_since, %(at)s, e.attempts, e.retry_at
from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(codes)s::text[], %(details)s::jsonb[],
            %(since)s::timestamptz[], %(attempts)s::integer[], %(retry_at)s::timestamptz[])
  as e (source_id, kind, code, details, failed_since, attempts, retry_at)
on conflict (tenant_id, job_id, source_id) do update set
  kind = excluded.kind, code = excluded.code, details = excluded.details, failed_since = excluded.failed_since,
  failed_at = excluded.failed_at, attempts = excluded.attempts, retry_at = excluded.retry_at;

-- name: leave
delete from sync_escrow where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = any (%(ids)s::uuid[]);

-- name: forget
delete from sync_escrow where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: entries
-- Who is in escrow, by job and id.
select job_id, source_id, kind, code, details, failed_since, failed_at, attempts, retry_at from sync_escrow
where tenant_id = %(tenant_id)s and (%(job_id)s::uuid is null or job_id = %(job_id)s)
  and (job_id, source_id) > (%(after_job)s, %(after)s)
order by job_id, source_id limit %(at_most)s;

-- name: counts
-- How many are in escrow, by job.
select job_id, count(*) from sync_escrow where tenant_id = %(tenant_id)s group by job_id;

-- name: expire
-- Whose four weeks are over, in jobs that rest as well.
delete from sync_escrow where tenant_id = %(tenant_id)s and failed_since < %(before)s;
