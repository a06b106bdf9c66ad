-- Tenants and domains are rows of the installation, reached by named functions only.

-- name: add_tenant
select tenant_add(row(%(id)s, %(name)s, %(name_key)s, %(kind)s, %(initial_domain)s, %(cloud)s, %(trial)s, %(country)s, %(created_at)s, 1)::tenant);

-- name: get_tenant
select tenant_id, name, kind, initial_domain, cloud, trial, country, created_at, version from tenant_get(%(id)s);

-- name: find_tenants
select tenant_id, name, kind, initial_domain, cloud, trial, country, created_at, version
from tenant_find(%(name_key)s, %(domain)s);

-- name: list_tenants
select tenant_id, name, kind, initial_domain, cloud, trial, country, created_at, version
from tenant_list(%(after_key)s, %(after_id)s, %(at_most)s);

-- name: add_domain
select domain_add(row(%(name)s, %(id)s, %(is_default)s, %(is_initial)s, %(added_at)s)::domain);

-- name: get_domain
select domain, tenant_id, is_default, is_initial, added_at from domain_get(%(name)s);

-- name: domains_of
select domain, tenant_id, is_default, is_initial, added_at from domains_of(%(id)s);

-- name: add_tenant_rows
-- What every tenant has from its first day.
with counter as (insert into feed_counter values (%(tenant_id)s, 0, 0, 0)),
     access as (insert into access_state values (%(tenant_id)s, 1))
insert into tenant_setting values (%(tenant_id)s, %(guest_role)s, true, %(retention_s)s, 1);
