-- What Graph's clients keep with an application, beside what sign-in needs of it.

-- name: extras
select id, template_id, document from application where tenant_id = %(tenant_id)s and id = any (%(ids)s);

-- name: save
update application set display_name = %(display_name)s, document = %(document)s, disabled_at = %(disabled_at)s,
  version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: make_from_template
update application set template_id = %(template_id)s where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: set_permissions
update application set permissions = %(permissions)s, version = version + 1 where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: set_scopes
update application set scopes = %(scopes)s, version = version + 1 where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: drop
select application_home_drop(app_id) from application where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: drop_row
delete from application where tenant_id = %(tenant_id)s and id = %(id)s returning id;

-- name: owners
select owner_id from object_owner where tenant_id = %(tenant_id)s and object_id = %(id)s order by owner_id;

-- name: role_members
-- Who has which directory role; of those who are deleted nobody hears.
select r.role, r.principal_id from directory_role_member r
where r.tenant_id = %(tenant_id)s and (%(role)s::text is null or r.role = %(role)s)
order by r.role, r.principal_id;
