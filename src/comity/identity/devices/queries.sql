-- Devices that wait; through named functions, because no tenant is known before somebody signed in.

-- name: add
select device_add(row(%(id)s, %(user_code)s, %(app_id)s, %(authority)s, %(scopes)s, %(state)s, %(interval_s)s, %(created_at)s,
  %(expires_at)s, null, null, null, null)::device_request, %(stale_before)s);

-- name: find
select id, user_code, app_id, authority, scopes, state, interval_s, created_at, expires_at, polled_at, for_tenant, for_user, for_grant
from device_find(%(user_code)s, %(at)s);

-- name: poll
select id, user_code, app_id, authority, scopes, state, interval_s, created_at, expires_at, polled_at, for_tenant, for_user, for_grant
from device_poll(%(id)s, %(at)s, %(slower_s)s);

-- name: decide
select device_decide(%(id)s, %(at)s, %(state)s, %(of_tenant)s, %(of_user)s, %(of_grant)s);

-- name: drop
select device_drop(%(id)s);
