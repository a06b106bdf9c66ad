-- Coverage: a tenant's own people, and whose people stand here.

-- name: members
-- Enabled members at home here, by id.
select id, display_name, user_principal_name from users
where tenant_id = %(tenant_id)s and id > %(after)s and deleted_at is null and creation_type is null
  and user_type = 'Member' and account_enabled
order by id limit %(at_most)s;

-- name: people_from
-- How many people of these tenants are found here.
select s.source, (
  select count(*) from users u
  where u.tenant_id = %(tenant_id)s and u.home_tenant_id = s.source and u.deleted_at is null and u.account_enabled
    and u.show_in_address_list)
from unnest(%(sources)s::uuid[]) as s (source);

-- name: let_in
-- Whose sync is let in here.
select partner_tenant_id from partner_sync where tenant_id = %(tenant_id)s and user_sync_inbound;
