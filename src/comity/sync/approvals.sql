-- Plans that somebody approved.

-- name: approve
-- Approved again, whoever approved last is who applies it.
insert into sync_approval (tenant_id, plan_id, at, actor_kind, actor_id, actor_name, roles, permissions, reason,
  request_id, fault, fault_facts)
values (%(tenant_id)s, %(plan_id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(roles)s, %(permissions)s,
  %(reason)s, %(request_id)s, null, null)
on conflict (tenant_id, plan_id) do update set at = excluded.at, actor_kind = excluded.actor_kind,
  actor_id = excluded.actor_id, actor_name = excluded.actor_name, roles = excluded.roles,
  permissions = excluded.permissions, reason = excluded.reason, request_id = excluded.request_id,
  fault = null, fault_facts = null;

-- name: approval
select at, actor_kind, actor_id, actor_name, roles, permissions, reason, request_id, fault, fault_facts
from sync_approval where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s;

-- name: refuse
update sync_approval set fault = %(fault)s, fault_facts = %(facts)s
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s;
