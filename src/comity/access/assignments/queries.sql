-- Which policy holds for whom. Whoever changes ranks holds the configuration's row (`lock_configuration`),
-- so positions are counted by one at a time.

-- name: group_assignments
select a.group_id, p.name, a.rank, a.created_at, a.created_by
from access_policy_group a
join access_policy p on p.tenant_id = %(tenant_id)s and p.name_key = a.policy_key
where a.tenant_id = %(tenant_id)s
order by a.rank;

-- name: lock_group
-- A membership that is being changed is committed first, and the next change sees the assignment: without
-- that, its transaction would not know that decisions rest on it (`hold_groups`).
select true from groups where tenant_id = %(tenant_id)s and id = %(group_id)s and deleted_at is null for update;

-- name: hold_groups
-- Nobody gives these groups a policy, or takes it, until the end of this transaction.
select id from groups where tenant_id = %(tenant_id)s and id = any (%(group_ids)s::uuid[]) order by id for key share;

-- name: any_assigned
-- Has one of these groups a policy?
select true from access_policy_group
where tenant_id = %(tenant_id)s and group_id = any (%(group_ids)s::uuid[]) limit 1;

-- name: make_room
-- The ranks from here on move by one.
update access_policy_group set rank = rank + 1 where tenant_id = %(tenant_id)s and rank >= %(rank)s;

-- name: close_gap
update access_policy_group set rank = rank - 1 where tenant_id = %(tenant_id)s and rank > %(rank)s;

-- name: add_group_assignment
insert into access_policy_group (tenant_id, group_id, policy_key, rank, created_at, created_by)
values (%(tenant_id)s, %(group_id)s, %(policy_key)s, %(rank)s, %(at)s, %(by)s);

-- name: remove_group_assignment
delete from access_policy_group where tenant_id = %(tenant_id)s and group_id = %(group_id)s returning rank;

-- name: set_group_policy
update access_policy_group set policy_key = %(policy_key)s where tenant_id = %(tenant_id)s and group_id = %(group_id)s;

-- name: groups_of_policy
select group_id from access_policy_group where tenant_id = %(tenant_id)s and policy_key = %(policy_key)s order by rank;

-- name: set_tenant_policy
update tenant_configuration set default_policy_key = %(policy_key)s, version = version + 1
where tenant_id = %(tenant_id)s;

-- name: tenant_policy
select p.name from tenant_configuration c
join access_policy p on p.tenant_id = %(tenant_id)s and p.name_key = c.default_policy_key
where c.tenant_id = %(tenant_id)s;

-- name: sources
-- Everything that gives a person a policy; direct memberships of living groups only.
select 'Direct', p.name, null::uuid, null::integer
from access_policy_user g join access_policy p on p.tenant_id = %(tenant_id)s and p.name_key = g.policy_key
where g.tenant_id = %(tenant_id)s and g.user_id = %(user_id)s
union all
select 'Group', p.name, a.group_id, a.rank
from group_member m
join access_policy_group a on a.tenant_id = %(tenant_id)s and a.group_id = m.group_id
join access_policy p on p.tenant_id = %(tenant_id)s and p.name_key = a.policy_key
where m.tenant_id = %(tenant_id)s and m.member_id = %(user_id)s
union all
select 'Tenant', p.name, null, null
from tenant_configuration c join access_policy p on p.tenant_id = %(tenant_id)s and p.name_key = c.default_policy_key
where c.tenant_id = %(tenant_id)s;

-- name: add_batch
insert into access_batch (tenant_id, id, name, policy, created_at, completed_at, actor_kind, actor_id, actor_name, reason,
                          request_id, cause)
values (%(tenant_id)s, %(id)s, %(name)s, %(policy)s, %(at)s, null, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(reason)s,
        %(request_id)s, %(cause)s);

-- name: add_batch_people
insert into access_batch_person (tenant_id, batch_id, position, named, result)
select %(tenant_id)s, %(id)s, n.position, n.named, null
from unnest(%(named)s::text[]) with ordinality as n (named, position);

-- name: batches
-- Batches that are kept still, the newest first.
select b.id, b.name, b.policy, b.actor_name, b.created_at, b.completed_at,
       count(p.position), count(p.result), count(p.result) filter (where p.result <> 'Success')
from access_batch b
left join access_batch_person p on p.tenant_id = %(tenant_id)s and p.batch_id = b.id
where b.tenant_id = %(tenant_id)s and (%(id)s::uuid is null or b.id = %(id)s)
  and (b.completed_at is null or b.completed_at > %(kept_since)s)
group by b.tenant_id, b.id order by b.id desc limit %(at_most)s;

-- name: batch_people
select named, result from access_batch_person
where tenant_id = %(tenant_id)s and batch_id = %(id)s order by position;

-- name: lock_batch
-- One worker at a time carries a batch on.
select policy, completed_at, actor_kind, actor_id, actor_name, reason, request_id, cause from access_batch
where tenant_id = %(tenant_id)s and id = %(id)s for update;

-- name: untried
select position, named from access_batch_person
where tenant_id = %(tenant_id)s and batch_id = %(id)s and result is null order by position limit %(at_most)s;

-- name: save_results
update access_batch_person b set result = r.result
from unnest(%(positions)s::integer[], %(results)s::text[]) as r (position, result)
where b.tenant_id = %(tenant_id)s and b.batch_id = %(id)s and b.position = r.position;

-- name: complete_batch
update access_batch set completed_at = %(at)s where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: remove_batch
delete from access_batch where tenant_id = %(tenant_id)s and id = %(id)s and completed_at <= %(kept_since)s;

-- name: granted_to
-- Who of these has which policy directly.
select user_id, policy_key from access_policy_user
where tenant_id = %(tenant_id)s and user_id = any (%(user_ids)s);

-- name: grant_many
insert into access_policy_user (tenant_id, user_id, policy_key, granted_at)
select %(tenant_id)s, u.id, %(policy_key)s, %(at)s from unnest(%(user_ids)s::uuid[]) as u (id) order by u.id
on conflict (tenant_id, user_id) do update set policy_key = excluded.policy_key, granted_at = excluded.granted_at;

-- name: people_named
-- Living accounts that answer to these ids, UPNs or mail addresses; `own` are the tenant's own.
select w.named, found.id, found.own
from unnest(%(named)s::text[], %(keys)s::text[], %(ids)s::uuid[]) as w (named, key, id)
cross join lateral (
  select u.id, u.creation_type is null as own from users u
  where u.tenant_id = %(tenant_id)s and u.id = w.id and u.deleted_at is null
  union
  select u.id, u.creation_type is null from users u
  where u.tenant_id = %(tenant_id)s and u.upn_key = w.key and u.deleted_at is null
  union
  select u.id, u.creation_type is null from users u
  where u.tenant_id = %(tenant_id)s and u.mail_key = w.key and u.deleted_at is null) found;
