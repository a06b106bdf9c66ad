-- Whom jobs tell, in the source tenant.

-- name: of_job
select enabled, recipients, language from sync_notification
where tenant_id = %(tenant_id)s and job_id = %(job_id)s;

-- name: save
insert into sync_notification (tenant_id, job_id, enabled, recipients, language)
values (%(tenant_id)s, %(job_id)s, %(enabled)s, %(recipients)s, %(language)s)
on conflict (tenant_id, job_id) do update set
  enabled = excluded.enabled, recipients = excluded.recipients, language = excluded.language;
