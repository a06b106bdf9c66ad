-- Sync configurations as Graph's clients build them, step by step. The job's id is its service principal's.

-- name: set_target
update sync_job set target_tenant_id = %(target)s, state = %(state)s, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: set_stage
update sync_job set state = %(state)s, state_reason = %(reason)s, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: assigned_to
-- Which jobs have this principal?
select job_id from sync_assignment where tenant_id = %(tenant_id)s and principal_id = %(principal_id)s;

-- name: drop_links
delete from sync_object where tenant_id = %(tenant_id)s and job_id = %(id)s;

-- name: drop_job
delete from sync_job where tenant_id = %(tenant_id)s and id = %(id)s returning id;
