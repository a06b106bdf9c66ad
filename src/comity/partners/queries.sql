-- Partner settings of one tenant. The partner's own id is a column like any other: it may lie
-- outside the installation, and nothing of it is read here.

-- name: ensure_partners
-- Unconfigured entries where there are none; says for whom one was made.
insert into partner (tenant_id, partner_tenant_id, created_at, version)
select %(tenant_id)s, wanted.id, %(at)s, 1 from unnest(%(partners)s::uuid[]) as wanted (id)
order by wanted.id
on conflict (tenant_id, partner_tenant_id) do nothing
returning partner_tenant_id;

-- name: ensure_syncs
-- Unconfigured sync policies where there are none; says for whom one was made.
insert into partner_sync (tenant_id, partner_tenant_id, version)
select %(tenant_id)s, wanted.id, 1 from unnest(%(partners)s::uuid[]) as wanted (id)
order by wanted.id
on conflict (tenant_id, partner_tenant_id) do nothing
returning partner_tenant_id;

-- name: lock_partners
-- Whoever changes an entry or its sync policy holds the entry's row, in id order.
select partner_tenant_id from partner
where tenant_id = %(tenant_id)s and partner_tenant_id = any (%(partners)s)
order by partner_tenant_id
for update;

-- name: load_partners
select p.partner_tenant_id, p.redeem_inbound, p.redeem_outbound, p.inbound_trust, p.created_at, p.version,
       s.display_name, s.user_sync_inbound, s.group_sync_inbound, s.version, p.document
from partner p
left join partner_sync s on s.tenant_id = p.tenant_id and s.partner_tenant_id = p.partner_tenant_id
where p.tenant_id = %(tenant_id)s and p.partner_tenant_id = any (%(partners)s)
order by p.partner_tenant_id;

-- name: list_partners
-- By id, behind one.
select p.partner_tenant_id, p.redeem_inbound, p.redeem_outbound, p.inbound_trust, p.created_at, p.version,
       s.display_name, s.user_sync_inbound, s.group_sync_inbound, s.version, p.document
from partner p
left join partner_sync s on s.tenant_id = p.tenant_id and s.partner_tenant_id = p.partner_tenant_id
where p.tenant_id = %(tenant_id)s and p.partner_tenant_id > %(after)s
order by p.partner_tenant_id
limit %(at_most)s;

-- name: save_partners
update partner p
set redeem_inbound = n.redeem_inbound, redeem_outbound = n.redeem_outbound, inbound_trust = n.inbound_trust::jsonb,
    document = n.document::jsonb, version = p.version + 1
from unnest(%(partners)s::uuid[], %(redeem_inbound)s::boolean[], %(redeem_outbound)s::boolean[], %(inbound_trust)s::text[],
            %(documents)s::text[])
  as n (id, redeem_inbound, redeem_outbound, inbound_trust, document)
where p.tenant_id = %(tenant_id)s and p.partner_tenant_id = n.id;

-- name: save_syncs
update partner_sync s
set display_name = n.display_name, user_sync_inbound = n.user_sync, group_sync_inbound = n.group_sync,
    version = s.version + 1
from unnest(%(partners)s::uuid[], %(display_name)s::text[], %(user_sync)s::boolean[], %(group_sync)s::boolean[])
  as n (id, display_name, user_sync, group_sync)
where s.tenant_id = %(tenant_id)s and s.partner_tenant_id = n.id;

-- name: drop_partner
delete from partner where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s;

-- name: drop_sync
-- A later policy counts from 1 again: the entry's version tells a plan's guard that it is another one.
with dropped as (delete from partner_sync where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s)
update partner set version = version + 1 where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s;

-- name: templates
select redeem_inbound, redeem_outbound, inbound_trust, partner_new, partner_existing,
       user_sync_inbound, sync_new, sync_existing, document
from partner_template
where tenant_id = %(tenant_id)s;

-- name: lock_templates
-- Two administrators change them one after the other.
insert into partner_template
  (tenant_id, redeem_inbound, redeem_outbound, inbound_trust, partner_new, partner_existing, user_sync_inbound, sync_new, sync_existing, version)
values (%(tenant_id)s, null, null, null, true, true, null, true, true, 1)
on conflict (tenant_id) do update set version = partner_template.version + 1;

-- name: save_templates
update partner_template
set redeem_inbound = %(redeem_inbound)s, redeem_outbound = %(redeem_outbound)s, inbound_trust = %(inbound_trust)s::jsonb,
    document = %(document)s::jsonb, partner_new = %(partner_new)s, partner_existing = %(partner_existing)s,
    user_sync_inbound = %(user_sync)s, sync_new = %(sync_new)s, sync_existing = %(sync_existing)s
where tenant_id = %(tenant_id)s;

-- name: outbound_half
-- What we, as the source, declare toward the partner; no row: nothing.
select p.redeem_outbound, p.version
from partner p
where p.tenant_id = %(tenant_id)s and p.partner_tenant_id = %(partner)s;

-- name: inbound_half
-- What we, as the target, declare toward the partner; no row: no such tenant here.
select s.user_sync_inbound, s.group_sync_inbound, p.redeem_inbound, t.invitations_allowed, p.version, s.version, k.version
from tenant_setting t
left join partner p on p.tenant_id = t.tenant_id and p.partner_tenant_id = %(partner)s
left join partner_sync s on s.tenant_id = p.tenant_id and s.partner_tenant_id = p.partner_tenant_id
left join partner_kept k on k.tenant_id = t.tenant_id and k.partner_tenant_id = %(partner)s
where t.tenant_id = %(tenant_id)s;
