-- Quarantine, in the source tenant.

-- name: all
select job_id, reason, error, facts, current_began, series_began, series_count, next_attempt
from sync_quarantine where tenant_id = %(tenant_id)s;

-- name: of_job
select job_id, reason, error, facts, current_began, series_began, series_count, next_attempt
from sync_quarantine where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: save
insert into sync_quarantine (tenant_id, job_id, reason, error, facts, current_began, series_began, series_count,
                             next_attempt)
values (%(tenant_id)s, %(job_id)s, %(reason)s, %(error)s, %(facts)s, %(current_began)s, %(series_began)s,
        %(series_count)s, %(next_attempt)s)
on conflict (tenant_id, job_id) do update set
  reason = excluded.reason, error = excluded.error, facts = excluded.facts, current_began = excluded.current_began,
  series_began = excluded.series_began, series_count = excluded.series_count, next_attempt = excluded.next_attempt;

-- name: drop
delete from sync_quarantine where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: move
-- Only a job that runs goes into quarantine or comes out of it by itself: whoever stopped it meanwhile is obeyed.
update sync_job set state = %(state)s, state_reason = %(reason)s
where tenant_id = %(tenant_id)s and id = %(job_id)s and state in ('Active', 'Quarantine');

-- name: figures
-- What the thresholds are about.
select (select count(*) from sync_escrow
        where tenant_id = %(tenant_id)s and job_id = %(job_id)s and failed_at > %(since)s),
       (select coalesce(sum(created + updated + deleted + restored), 0)::bigint from sync_run
        where tenant_id = %(tenant_id)s and job_id = %(job_id)s and (ended_at is null or ended_at > %(since)s)),
       (select count(*) from sync_escrow where tenant_id = %(tenant_id)s and job_id = %(job_id)s),
       (select count(*) from sync_reference where tenant_id = %(tenant_id)s and job_id = %(job_id)s);
