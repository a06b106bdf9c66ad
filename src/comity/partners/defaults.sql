-- What holds toward tenants without an entry of their own.

-- name: load
select document, cloud_endpoints from partner_default where tenant_id = %(tenant_id)s;

-- name: save
insert into partner_default (tenant_id, document, cloud_endpoints, version)
values (%(tenant_id)s, %(document)s, %(cloud_endpoints)s, 1)
on conflict (tenant_id) do update set document = excluded.document, cloud_endpoints = excluded.cloud_endpoints,
  version = partner_default.version + 1;
