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
insert into tenant_setting (tenant_id, guest_user_role_id, invitations_allowed, soft_delete_retention_s, version)
values (%(tenant_id)s, %(guest_role)s, true, %(retention_s)s, 1);

-- name: make_default_domain
select domain_make_default(%(name)s);

-- name: drop_domain
select domain_drop(%(name)s);

-- name: settings
-- What the tenant has decided about its guests and members.
select guest_user_role_id, coalesce(invites_from, case when invitations_allowed then 'everyone' else 'none' end),
  coalesce(members_create_apps, true), coalesce(members_create_groups, true), coalesce(members_read_users, true),
  contacts, version
from tenant_setting where tenant_id = %(tenant_id)s;

-- name: save_settings
update tenant_setting set guest_user_role_id = %(guest_role)s, invites_from = %(invites_from)s,
  invitations_allowed = %(invitations_allowed)s, members_create_apps = %(create_apps)s,
  members_create_groups = %(create_groups)s, members_read_users = %(read_users)s, contacts = %(contacts)s,
  version = version + 1
where tenant_id = %(tenant_id)s;

-- name: domain_users
-- How many accounts are named by a domain; those deleted count until they are gone for good.
select count(*) from users
where tenant_id = %(tenant_id)s and purged_at is null and right(upn_key, length(%(ending)s)) = %(ending)s;
