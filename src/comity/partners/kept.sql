-- What a partner's sync leaves alone here. The resource tenant's own rows; no partner entry is needed.

-- name: kept
select attributes, disabled, version from partner_kept
where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s;

-- name: lock_kept
-- Made if absent; two administrators change it one after the other.
insert into partner_kept (tenant_id, partner_tenant_id, attributes, disabled, version)
values (%(tenant_id)s, %(partner)s, 0, false, 1)
on conflict (tenant_id, partner_tenant_id) do update set version = partner_kept.version + 1
returning attributes, disabled, version;

-- name: save_kept
update partner_kept set attributes = %(attributes)s, disabled = %(disabled)s
where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s;

-- name: vetoes
select home_user_id, added_at from partner_veto
where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s and home_user_id > %(after)s
order by home_user_id limit %(at_most)s;

-- name: add_vetoes
insert into partner_veto (tenant_id, partner_tenant_id, home_user_id, added_at)
select %(tenant_id)s, %(partner)s, p.id, %(at)s from unnest(%(ids)s::uuid[]) p (id) order by p.id
on conflict do nothing returning home_user_id;

-- name: drop_vetoes
delete from partner_veto
where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s and home_user_id = any (%(ids)s::uuid[])
returning home_user_id;

-- name: kept_back
-- What concerns these people; no row: nothing was ever said.
select k.attributes, k.disabled, array(
  select v.home_user_id from partner_veto v
  where v.tenant_id = k.tenant_id and v.partner_tenant_id = k.partner_tenant_id
    and v.home_user_id = any (%(ids)s::uuid[]))
from partner_kept k where k.tenant_id = %(tenant_id)s and k.partner_tenant_id = %(partner)s;
