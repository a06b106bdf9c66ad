-- Multitenant organisations. Every statement goes through the tenant's own seat: that is the proof
-- which row-level security asks for, and how the planner finds the few rows.

-- name: lock_tenant
-- One tenant creates or joins one organisation at a time: its settings row stands for it.
select true from tenant_setting where tenant_id = %(tenant_id)s for no key update;

-- name: membership
-- The organisation that the tenant is active in, with its active tenants, one row each.
select s.organization_id, s.local_id, o.name, o.description, o.created_at, o.version,
       m.tenant_id, m.display_name, m.role, m.desired_role, m.state, m.added_by, m.added_at, m.joined_at, m.version
from organization_seat s
join organization o on o.organization_id = s.organization_id
join organization_member m on m.organization_id = s.organization_id
where s.tenant_id = %(tenant_id)s and s.state = 'active' and m.state = 'active'
order by m.display_name, m.tenant_id;

-- name: invitations
-- Where the tenant is pending, the newest first.
select s.organization_id, s.local_id, o.name, s.invited_by, i.display_name, coalesce(m.desired_role, m.role), m.added_at
from organization_seat s
join organization o on o.organization_id = s.organization_id
join organization_member m on m.organization_id = s.organization_id and m.tenant_id = s.tenant_id
left join organization_member i on i.organization_id = s.organization_id and i.tenant_id = s.invited_by
where s.tenant_id = %(tenant_id)s and s.state = 'pending'
order by m.added_at desc, s.organization_id;

-- name: lock_organization
-- Every change of an organisation begins here; what was read before may be stale afterwards.
select s.organization_id, s.local_id, o.name, o.description, o.created_at, o.version
from organization_seat s
join organization o on o.organization_id = s.organization_id
where s.tenant_id = %(tenant_id)s and s.state = %(state)s
  and (%(organization_id)s::uuid is null or s.organization_id = %(organization_id)s)
for update of o;

-- name: members
-- The whole list, pending tenants included.
select m.tenant_id, m.display_name, m.role, m.desired_role, m.state, m.added_by, m.added_at, m.joined_at, m.version
from organization_seat s
join organization_member m on m.organization_id = s.organization_id
where s.tenant_id = %(tenant_id)s and s.organization_id = %(organization_id)s
order by m.tenant_id;

-- name: found_seat
-- The creator's own seat comes before the organisation that it makes visible.
insert into organization_seat (tenant_id, organization_id, local_id, state, invited_by)
values (%(tenant_id)s, %(organization_id)s, %(local_id)s, 'active', %(tenant_id)s);

-- name: take_seat
-- The pending tenant sits down.
update organization_seat set state = 'active'
where tenant_id = %(tenant_id)s and organization_id = %(organization_id)s and state = 'pending';

-- name: leave_seat
delete from organization_seat where tenant_id = %(tenant_id)s and organization_id = %(organization_id)s;

-- name: add_organization
insert into organization (organization_id, name, description, created_at, version)
select s.organization_id, %(name)s, %(description)s, %(created_at)s, 1
from organization_seat s
where s.tenant_id = %(tenant_id)s and s.organization_id = %(organization_id)s;

-- name: save_organization
-- Raised with every change, of its members too.
update organization o set name = %(name)s, description = %(description)s, version = o.version + 1
from organization_seat s
where s.tenant_id = %(tenant_id)s and s.organization_id = %(organization_id)s and o.organization_id = s.organization_id;

-- name: drop_organization
-- With all its members' records.
delete from organization o using organization_seat s
where s.tenant_id = %(tenant_id)s and s.organization_id = %(organization_id)s and o.organization_id = s.organization_id;

-- name: save_member
insert into organization_member
  (organization_id, tenant_id, display_name, role, desired_role, state, added_by, added_at, joined_at, version)
select s.organization_id, %(member_id)s, %(display_name)s, %(role)s, %(desired_role)s, %(state)s, %(added_by)s,
       %(added_at)s, %(joined_at)s, 1
from organization_seat s
where s.tenant_id = %(tenant_id)s and s.organization_id = %(organization_id)s
on conflict (organization_id, tenant_id) do update
  set role = excluded.role, desired_role = excluded.desired_role, state = excluded.state,
      joined_at = excluded.joined_at, version = organization_member.version + 1;

-- name: drop_member
delete from organization_member m using organization_seat s
where s.tenant_id = %(tenant_id)s and s.organization_id = %(organization_id)s
  and m.organization_id = s.organization_id and m.tenant_id = %(member_id)s;
