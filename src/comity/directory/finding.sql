-- Users and groups chosen by what they are. A page walks an index and keeps what fits (db.walking): the marks are
-- filled with declared text only, every value is a parameter.

-- name: users
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from (select * from users where tenant_id = %(tenant_id)s and /*whose*/ and /*behind*/ order by /*order*/ limit %(walk)s) u
where /*fits*/ order by /*order*/ limit %(at_most)s;

-- name: users_end
-- Where the walk of a page ended; no row: at the end of the directory.
select /*key*/, id from users where tenant_id = %(tenant_id)s and /*whose*/ and /*behind*/
order by /*order*/ offset %(walk)s - 1 limit 1;

-- name: count_users
select count(*) from users u where tenant_id = %(tenant_id)s and /*whose*/ and /*fits*/;

-- name: groups
select tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled, created_at, deleted_at,
       group_types, visibility, classification
from (select * from groups where tenant_id = %(tenant_id)s and /*whose*/ and /*behind*/ order by /*order*/ limit %(walk)s) g
where /*fits*/ order by /*order*/ limit %(at_most)s;

-- name: groups_end
select /*key*/, id from groups where tenant_id = %(tenant_id)s and /*whose*/ and /*behind*/
order by /*order*/ offset %(walk)s - 1 limit 1;

-- name: count_groups
select count(*) from groups g where tenant_id = %(tenant_id)s and /*whose*/ and /*fits*/;

-- name: members
-- Direct members of a group by id, and what each one is; of deleted ones nobody hears.
select m.member_id, m.member_kind from group_member m
where m.tenant_id = %(tenant_id)s and m.group_id = %(group_id)s order by m.member_id;

-- name: nested
-- Members of a group over all groups within it, at most 1,000 groups.
with recursive inner_groups (id, depth) as (
  select %(group_id)s::uuid, 0
  union
  select m.member_id, i.depth + 1 from inner_groups i
  join group_member m on m.tenant_id = %(tenant_id)s and m.group_id = i.id and m.member_kind = 'group'
  where i.depth < 20
)
select distinct m.member_id, m.member_kind from (select distinct id from inner_groups limit 1000) i
join group_member m on m.tenant_id = %(tenant_id)s and m.group_id = i.id
order by m.member_id;

-- name: groups_above
-- Groups that a principal is in, directly or over others.
with recursive above (id, depth) as (
  select m.group_id, 1 from group_member m where m.tenant_id = %(tenant_id)s and m.member_id = %(id)s
  union
  select m.group_id, a.depth + 1 from above a
  join group_member m on m.tenant_id = %(tenant_id)s and m.member_id = a.id
  where a.depth < %(depth)s
)
select distinct g.id from above a join groups g on g.tenant_id = %(tenant_id)s and g.id = a.id and g.deleted_at is null
order by g.id;

-- name: groups_by_id
select tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled, created_at, deleted_at,
       group_types, visibility, classification
from groups where tenant_id = %(tenant_id)s and id = any (%(ids)s) order by id;

-- name: add_nested
-- Groups as members; those that are there already are not returned.
insert into group_member (tenant_id, group_id, member_id, member_kind, added_at)
select %(tenant_id)s, %(group_id)s, g.id, 'group', %(at)s
from groups g where g.tenant_id = %(tenant_id)s and g.id = any (%(ids)s) and g.deleted_at is null
on conflict do nothing returning member_id;

-- name: owners
select owner_id from object_owner where tenant_id = %(tenant_id)s and object_id = %(id)s order by owner_id;

-- name: owned_by
select object_id from object_owner where tenant_id = %(tenant_id)s and owner_id = %(owner_id)s order by object_id;

-- name: add_owner
insert into object_owner (tenant_id, object_id, owner_id, added_at)
values (%(tenant_id)s, %(id)s, %(owner_id)s, %(at)s) on conflict do nothing returning owner_id;

-- name: drop_owner
delete from object_owner where tenant_id = %(tenant_id)s and object_id = %(id)s and owner_id = %(owner_id)s
returning owner_id;

-- name: purge_group
-- For good, with its memberships; only out of the recycle bin.
delete from groups where tenant_id = %(tenant_id)s and id = %(id)s and deleted_at is not null returning id;

-- name: leave_parents
delete from group_member where tenant_id = %(tenant_id)s and member_id = %(id)s;

-- name: drop_owners
delete from object_owner where tenant_id = %(tenant_id)s and object_id = %(id)s;
