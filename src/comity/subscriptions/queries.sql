-- Who wants to be told of changes, in one tenant.

-- name: add
insert into subscription (tenant_id, id, principal_kind, principal_id, app_id, scopes, authorized_at_s, resource, family,
  object_id, change_types, notification_url, lifecycle_url, sealed_state, tls_version, expires_at, position, pending,
  reminded, failing_since, attempts, version)
values (%(tenant_id)s, %(id)s, %(principal_kind)s, %(principal_id)s, %(app_id)s, %(scopes)s, %(authorized_at_s)s,
  %(resource)s, %(family)s, %(object_id)s, %(change_types)s, %(notification_url)s, %(lifecycle_url)s,
  %(sealed_state)s, %(tls_version)s, %(expires_at)s, %(position)s, null, false, null, 0, 1);

-- name: count
select count(*) from subscription where tenant_id = %(tenant_id)s;

-- name: get
select id, principal_kind, principal_id, app_id, scopes, authorized_at_s, resource, family, object_id, change_types,
  notification_url, lifecycle_url, sealed_state, tls_version, expires_at, position, pending, reminded, failing_since,
  attempts
from subscription where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: of_app
-- What an app subscribed to, of its own or for a person.
select id, principal_kind, principal_id, app_id, scopes, authorized_at_s, resource, family, object_id, change_types,
  notification_url, lifecycle_url, sealed_state, tls_version, expires_at, position, pending, reminded, failing_since,
  attempts
from subscription where tenant_id = %(tenant_id)s and app_id = %(app_id)s order by id;

-- name: topics
-- Who may have to be told of a change.
select id, family, object_id, change_types from subscription where tenant_id = %(tenant_id)s;

-- name: renew
update subscription set expires_at = %(expires_at)s, notification_url = %(notification_url)s,
  scopes = %(scopes)s, authorized_at_s = %(authorized_at_s)s, pending = null, reminded = false,
  failing_since = null, attempts = 0,
  version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: told
-- Told up to here; never backwards.
update subscription set position = greatest(position, %(position)s), pending = null, failing_since = null,
  attempts = 0, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: failed
update subscription set failing_since = coalesce(failing_since, %(at)s), attempts = attempts + 1, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: owe
-- Something is to be said about the subscription itself; what stands up to `position` is no longer told.
update subscription set pending = %(pending)s, reminded = reminded or %(reminded)s, position = greatest(position, %(position)s), failing_since = null,
  attempts = 0, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: remove
delete from subscription where tenant_id = %(tenant_id)s and id = %(id)s;
