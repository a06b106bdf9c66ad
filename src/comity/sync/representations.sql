-- Where one person stands elsewhere.

-- name: of_person
select j.target_tenant_id, j.id, o.target_id, o.state
from sync_job j
join sync_object o on o.tenant_id = j.tenant_id and o.job_id = j.id and o.source_id = %(id)s
where j.tenant_id = %(tenant_id)s and o.target_id is not null
order by j.target_tenant_id, j.id;
