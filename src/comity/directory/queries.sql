-- Users and groups of one tenant. The column list of a user is everywhere that of `User`'s fields.

-- name: get_user
-- One user, living or soft-deleted.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and id = %(id)s and purged_at is null;

-- name: users_by_id
-- Users of these ids, living or soft-deleted. One probe of the key per element, whatever the statistics
-- say: of a tenant that has just begun to grow they say that it has one row, and the planner would read
-- all of it for each batch.
select found.* from unnest(%(ids)s::uuid[]) as wanted (key) cross join lateral (
  select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
    external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
    postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
    business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
  from users where tenant_id = %(tenant_id)s and id = wanted.key and purged_at is null limit 1) found;

-- name: purged_by_id
-- Which of these ids are tombstones? Nobody gets such an id again.
select found.id from unnest(%(ids)s::uuid[]) as wanted (key) cross join lateral (
  select id from users where tenant_id = %(tenant_id)s and id = wanted.key and purged_at is not null limit 1) found;

-- name: living_by_upn
-- At most one: UPNs of the living differ.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and upn_key = %(key)s and deleted_at is null;

-- name: living_by_mail
-- Mail need not be unique; at most 20 candidates.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and mail_key = %(key)s and deleted_at is null
order by id limit 20;

-- name: living_by_upn_keys
-- Which living users have these UPNs? For imports; probed as `users_by_id`.
select found.* from unnest(%(keys)s::text[]) as wanted (key) cross join lateral (
  select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
    external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
    postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
    business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
  from users where tenant_id = %(tenant_id)s and upn_key = wanted.key and deleted_at is null limit 1) found;

-- name: by_home
-- The account that stands for a home identity here, living or soft-deleted.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and home_tenant_id = %(home_tenant_id)s and home_user_id = %(home_user_id)s;

-- name: list_living
-- A page of living users by id.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and deleted_at is null and id > %(after)s
order by id limit %(at_most)s;

-- name: extension_names
-- Which directory extensions do living users have? Read with an export, so a scan is bearable.
select distinct name from users u, jsonb_object_keys(u.extensions) as name
where u.tenant_id = %(tenant_id)s and u.deleted_at is null and u.extensions is not null order by name;

-- name: list_deleted
-- The recycle bin, by id.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and deleted_at is not null and purged_at is null and id > %(after)s
order by id limit %(at_most)s;

-- name: reports
-- Whose manager is it? An index for them would cost every sync what few ask for; at most 10,000.
select tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type,
  external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state,
  postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at
from users where tenant_id = %(tenant_id)s and manager_id = %(manager_id)s and deleted_at is null
order by id limit 10000;

-- name: managers_above
-- The managers over somebody, from the nearest up, at most 50.
with recursive above (id, depth) as (
  select u.manager_id, 1 from users u where u.tenant_id = %(tenant_id)s and u.id = %(id)s
  union all
  select u.manager_id, a.depth + 1 from above a join users u on u.tenant_id = %(tenant_id)s and u.id = a.id
  where a.depth < 50
)
select id from above where id is not null order by depth;

-- name: count_living
select count(*), count(*) filter (where creation_type is not null) from users
where tenant_id = %(tenant_id)s and deleted_at is null;

-- name: insert_staged
-- New users from the staging table, in key order.
insert into users (
  tenant_id, id, version, display_name, given_name, surname, mail_nickname, user_principal_name, mail,
  user_type, creation_type, external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address,
  city, state, postal_code, country, company_name, department, employee_id, job_title, office_location,
  preferred_language, usage_location, business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at,
  upn_key, mail_key, given_key, surname_key, name_key)
select
  %(tenant_id)s, id, 1, display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type, creation_type, external_user_state, external_state_at, account_enabled, show_in_address_list, home_tenant_id, home_user_id, street_address, city, state, postal_code, country, company_name, department, employee_id, job_title, office_location, preferred_language, usage_location, business_phone, mobile_phone, manager_id, extensions, created_at, deleted_at, deleted_by, purged_at, upn_key, mail_key, given_key, surname_key, name_key
from staged_users order by id;

-- name: update_staged
-- Changed users from the staging table; only rows still at the version they were read at.
update users u set
  version = u.version + 1,
  display_name = s.display_name, given_name = s.given_name, surname = s.surname, mail_nickname = s.mail_nickname,
  user_principal_name = s.user_principal_name, mail = s.mail, user_type = s.user_type, creation_type = s.creation_type,
  external_user_state = s.external_user_state, external_state_at = s.external_state_at, account_enabled = s.account_enabled, show_in_address_list = s.show_in_address_list,
  disabled_by_sync = case when s.account_enabled = u.account_enabled then u.disabled_by_sync end,
  home_tenant_id = s.home_tenant_id, home_user_id = s.home_user_id, street_address = s.street_address, city = s.city,
  state = s.state, postal_code = s.postal_code, country = s.country, company_name = s.company_name,
  department = s.department, employee_id = s.employee_id, job_title = s.job_title, office_location = s.office_location,
  preferred_language = s.preferred_language, usage_location = s.usage_location, business_phone = s.business_phone, mobile_phone = s.mobile_phone,
  manager_id = s.manager_id, extensions = s.extensions, deleted_at = s.deleted_at, deleted_by = s.deleted_by, upn_key = s.upn_key,
  mail_key = s.mail_key, given_key = s.given_key, surname_key = s.surname_key, name_key = s.name_key
from staged_users s
where u.tenant_id = %(tenant_id)s and u.id = s.id and u.version = s.version
returning u.id;

-- name: soft_delete
-- To the recycle bin; the row, its groups, policies and links stay.
update users set version = version + 1, deleted_at = %(at)s, deleted_by = %(by)s
where tenant_id = %(tenant_id)s and id = any (%(ids)s) and deleted_at is null
returning id, creation_type is not null;

-- name: restore
-- Out of the recycle bin, with the same id.
update users set version = version + 1, deleted_at = null, deleted_by = null
where tenant_id = %(tenant_id)s and id = %(id)s and deleted_at is not null and purged_at is null
returning id, creation_type is not null;

-- name: purge
-- A tombstone stays, so that messages keep their author; everything personal goes.
update users set version = version + 1, purged_at = %(at)s, display_name = '', given_name = null, surname = null,
  mail_nickname = null, user_principal_name = id::text, upn_key = id::text, mail = null, mail_key = null,
  street_address = null, city = null, state = null, postal_code = null, country = null, company_name = null,
  department = null, employee_id = null, job_title = null, office_location = null, preferred_language = null,
  usage_location = null, business_phone = null, mobile_phone = null, manager_id = null, extensions = null,
  home_user_id = null, given_key = '', surname_key = '', name_key = '', account_enabled = false
where tenant_id = %(tenant_id)s and id = any (%(ids)s) and deleted_at is not null and purged_at is null
returning id, creation_type is not null;

-- name: leave_groups
-- A tombstone is no member of anything.
delete from group_member where tenant_id = %(tenant_id)s and member_id = any (%(ids)s);

-- name: retention
-- How long soft-deleted users stay, in seconds.
select soft_delete_retention_s from tenant_setting where tenant_id = %(tenant_id)s;

-- name: expired
-- Whose time in the recycle bin is over?
select id from users where tenant_id = %(tenant_id)s and deleted_at < %(before)s and purged_at is null
order by deleted_at limit %(at_most)s;

-- name: analyze_people
select people_analyze();

-- name: replace_addresses
select address_replace(%(people)s::uuid[], %(owners)s::uuid[], %(keys)s::text[], %(kinds)s::text[]);

-- name: add_group
insert into groups (tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled,
                    name_key, created_at, deleted_at, group_types, visibility, classification)
values (%(tenant_id)s, %(id)s, 1, %(display_name)s, %(description)s, %(mail_nickname)s, %(security_enabled)s,
        %(mail_enabled)s, %(name_key)s, %(created_at)s, null, %(group_types)s, %(visibility)s, %(classification)s);

-- name: get_group
select tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled, created_at, deleted_at,
       group_types, visibility, classification
from groups where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: groups_by_name
-- Living groups of that name, at most 20.
select tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled, created_at, deleted_at,
       group_types, visibility, classification
from groups where tenant_id = %(tenant_id)s and name_key = %(key)s and deleted_at is null order by id limit 20;

-- name: list_groups
select tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled, created_at, deleted_at,
       group_types, visibility, classification
from groups where tenant_id = %(tenant_id)s and deleted_at is null and id > %(after)s order by id limit %(at_most)s;

-- name: delete_group
update groups set version = version + 1, deleted_at = %(at)s, deleted_by = 'admin'
where tenant_id = %(tenant_id)s and id = %(id)s and deleted_at is null returning id;

-- name: update_group
update groups set version = version + 1, display_name = %(display_name)s, description = %(description)s, name_key = %(name_key)s,
  mail_nickname = %(mail_nickname)s, security_enabled = %(security_enabled)s, mail_enabled = %(mail_enabled)s,
  group_types = %(group_types)s, visibility = %(visibility)s, classification = %(classification)s
where tenant_id = %(tenant_id)s and id = %(id)s and version = %(version)s and deleted_at is null;

-- name: restore_group
update groups set version = version + 1, deleted_at = null, deleted_by = null
where tenant_id = %(tenant_id)s and id = %(id)s and deleted_at is not null;

-- name: add_members
-- Direct members; who is one already is left alone and not returned.
insert into group_member (tenant_id, group_id, member_id, member_kind, added_at)
select %(tenant_id)s, %(group_id)s, u.id, 'user', %(at)s
from users u where u.tenant_id = %(tenant_id)s and u.id = any (%(ids)s) and u.deleted_at is null
on conflict do nothing returning member_id;

-- name: remove_members
delete from group_member where tenant_id = %(tenant_id)s and group_id = %(group_id)s and member_id = any (%(ids)s)
returning member_id;

-- name: members
-- Direct members by id.
select m.member_id from group_member m
where m.tenant_id = %(tenant_id)s and m.group_id = %(group_id)s and m.member_id > %(after)s
order by m.member_id limit %(at_most)s;

-- name: groups_of
select g.tenant_id, g.id, g.version, g.display_name, g.description, g.mail_nickname, g.security_enabled, g.mail_enabled,
       g.created_at, g.deleted_at, g.group_types, g.visibility, g.classification
from group_member m join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id
where m.tenant_id = %(tenant_id)s and m.member_id = %(id)s and g.deleted_at is null order by g.name_key, g.id;
