-- Credentials, applications, roles, links of one tenant; signing keys through named functions.

-- name: list_keys
select kid, state, public_jwk, sealed_key, created_at, activated_at, retired_at from signing_keys();

-- name: add_key
select signing_key_add(row(%(kid)s, %(state)s, %(public_jwk)s, %(sealed_key)s, %(created_at)s, %(activated_at)s, %(retired_at)s)::signing_key);

-- name: move_key
select signing_key_move(%(kid)s, %(state)s, %(at)s);

-- name: drop_key
select signing_key_drop(%(kid)s);

-- name: add_installation_audit
select installation_audit_add(row(%(id)s, %(at)s, %(actor_kind)s, %(actor_name)s, %(action)s, %(before)s, %(after)s, %(reason)s,
  %(request_id)s)::installation_audit);

-- name: add_application
insert into application (tenant_id, id, app_id, display_name, is_public, password_flow, permissions, scopes, redirect_uris, created_at, disabled_at, version)
values (%(tenant_id)s, %(id)s, %(app_id)s, %(display_name)s, %(is_public)s, %(password_flow)s, %(permissions)s, %(scopes)s,
  %(redirect_uris)s, %(created_at)s, null, 1);

-- name: claim_app_id
-- Application ids differ across the installation; a second claim is refused.
select application_home_add(%(app_id)s);

-- name: application_by_id
select tenant_id, id, app_id, display_name, is_public, password_flow, permissions, scopes, redirect_uris, created_at, disabled_at, version
from application where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: application_by_app_id
select tenant_id, id, app_id, display_name, is_public, password_flow, permissions, scopes, redirect_uris, created_at, disabled_at, version
from application where tenant_id = %(tenant_id)s and app_id = %(app_id)s;

-- name: list_applications
select tenant_id, id, app_id, display_name, is_public, password_flow, permissions, scopes, redirect_uris, created_at, disabled_at, version
from application where tenant_id = %(tenant_id)s and id > %(after)s
order by id limit %(at_most)s;

-- name: disable_application
update application set disabled_at = %(at)s, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s and disabled_at is null
returning id;

-- name: add_secret
insert into application_secret (tenant_id, application_id, id, secret_sha256, hint, created_at, expires_at)
values (%(tenant_id)s, %(application_id)s, %(id)s, %(sha256)s, %(hint)s, %(at)s, %(expires_at)s);

-- name: list_secrets
-- An application has a handful.
select id, secret_sha256, expires_at from application_secret
where tenant_id = %(tenant_id)s and application_id = %(application_id)s
order by id limit 50;

-- name: drop_secret
delete from application_secret
where tenant_id = %(tenant_id)s and application_id = %(application_id)s and id = %(id)s
returning id;

-- name: add_certificate
insert into application_certificate (tenant_id, application_id, id, certificate, sha1, sha256, created_at, expires_at)
values (%(tenant_id)s, %(application_id)s, %(id)s, %(certificate)s, %(sha1)s, %(sha256)s, %(at)s, %(expires_at)s);

-- name: list_certificates
-- An application has a handful.
select id, certificate, sha1, sha256, expires_at from application_certificate
where tenant_id = %(tenant_id)s and application_id = %(application_id)s
order by id limit 50;

-- name: drop_certificate
delete from application_certificate
where tenant_id = %(tenant_id)s and application_id = %(application_id)s and id = %(id)s
returning id;

-- name: set_redirect_uris
update application set redirect_uris = %(redirect_uris)s, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s
returning id;

-- name: put_credential
-- A new password ends every token that was issued before it.
insert into credential (tenant_id, user_id, password_hash, changed_at, tokens_valid_from)
values (%(tenant_id)s, %(user_id)s, %(password_hash)s, %(at)s, %(at)s)
on conflict (tenant_id, user_id) do update
  set password_hash = excluded.password_hash, changed_at = excluded.changed_at, tokens_valid_from = excluded.tokens_valid_from;

-- name: password_of
select password_hash from credential where tenant_id = %(tenant_id)s and user_id = %(user_id)s;

-- name: refresh_hash
-- The same password under today's parameters; only over the hash it was checked against.
update credential set password_hash = %(password_hash)s
where tenant_id = %(tenant_id)s and user_id = %(user_id)s and password_hash = %(before)s;

-- name: revoke_tokens
insert into credential (tenant_id, user_id, password_hash, changed_at, tokens_valid_from)
values (%(tenant_id)s, %(user_id)s, null, %(at)s, %(at)s)
on conflict (tenant_id, user_id) do update set tokens_valid_from = excluded.tokens_valid_from;

-- name: login_by_upn
-- Who signs in under this name? Living accounts of the tenant's own only: a B2B user signs in at home.
select u.tenant_id, u.id, u.display_name, u.user_principal_name, u.user_type = 'Guest', u.account_enabled, c.password_hash
from users u
left join credential c on c.tenant_id = u.tenant_id and c.user_id = u.id
where u.tenant_id = %(tenant_id)s and u.upn_key = %(key)s and u.deleted_at is null and u.creation_type is null;

-- name: person_by_id
-- Somebody living and enabled, as a sign-in needs her.
select u.id, u.display_name, u.user_principal_name, u.user_type = 'Guest', u.home_tenant_id, u.home_user_id, c.tokens_valid_from
from users u
left join credential c on c.tenant_id = u.tenant_id and c.user_id = u.id
where u.tenant_id = %(tenant_id)s and u.id = %(id)s and u.deleted_at is null and u.account_enabled;

-- name: standing_of_home
-- Who stands here for somebody from elsewhere? Living only; whether the account is enabled says the row.
select u.id, u.account_enabled, u.external_user_state
from users u
where u.tenant_id = %(tenant_id)s and u.home_tenant_id = %(home_tenant_id)s and u.home_user_id = %(home_user_id)s
  and u.deleted_at is null;

-- name: person_rights
-- What a person's token opens, from the rows as they are now, in one reading: the person, the last
-- revocation, the roles, and the client that the token was issued to.
select u.user_principal_name, u.user_type, u.account_enabled, u.home_tenant_id, u.home_user_id, c.tokens_valid_from,
  array(select r.role from directory_role_member r
        where r.tenant_id = %(tenant_id)s and r.principal_id = %(id)s order by r.role),
  a.scopes, a.disabled_at, t.guest_user_role_id, coalesce(t.members_read_users, true)
from users u
left join tenant_setting t on t.tenant_id = %(tenant_id)s
left join credential c on c.tenant_id = %(tenant_id)s and c.user_id = u.id
left join application a on a.tenant_id = %(tenant_id)s and a.app_id = %(app_id)s
where u.tenant_id = %(tenant_id)s and u.id = %(id)s and u.deleted_at is null;

-- name: add_role
insert into directory_role_member (tenant_id, role, principal_id, added_at)
values (%(tenant_id)s, %(role)s, %(principal_id)s, %(at)s)
on conflict do nothing
returning principal_id;

-- name: drop_role
delete from directory_role_member
where tenant_id = %(tenant_id)s and role = %(role)s and principal_id = %(principal_id)s
returning principal_id;

-- name: roles_of
select role from directory_role_member
where tenant_id = %(tenant_id)s and principal_id = %(principal_id)s order by role;

-- name: add_link
insert into one_time_link (tenant_id, id, user_id, purpose, token_sha256, created_at, expires_at, used_at)
values (%(tenant_id)s, %(id)s, %(user_id)s, %(purpose)s, %(sha256)s, %(at)s, %(expires_at)s, null);

-- name: use_link
-- Once, and in time.
update one_time_link set used_at = %(at)s
where tenant_id = %(tenant_id)s and id = %(id)s and token_sha256 = %(sha256)s and used_at is null and expires_at > %(at)s
returning user_id;

-- name: find_link
select u.user_principal_name from one_time_link l
join users u on u.tenant_id = l.tenant_id and u.id = l.user_id
where l.tenant_id = %(tenant_id)s and l.id = %(id)s and l.token_sha256 = %(sha256)s and l.used_at is null
  and l.expires_at > %(at)s and u.deleted_at is null;
