-- Grants of people to clients, in the tenant where the client acts.

-- name: add
insert into sign_in_grant (tenant_id, id, user_id, app_id, home_tenant_id, home_user_id, scopes, redirect_uri, code_challenge,
  nonce, signed_in_at, created_at, code_expires_at, generation, used_at, expires_at, ended_at, ended_why)
values (%(tenant_id)s, %(id)s, %(user_id)s, %(app_id)s, %(home_tenant_id)s, %(home_user_id)s, %(scopes)s, %(redirect_uri)s,
  %(code_challenge)s, %(nonce)s, %(signed_in_at)s, %(created_at)s, %(code_expires_at)s, %(generation)s, %(used_at)s,
  %(expires_at)s, null, null);

-- name: lock
-- Exchanged by one at a time: the second sees what the first did.
select tenant_id, id, user_id, app_id, home_tenant_id, home_user_id, scopes, redirect_uri, code_challenge, nonce,
  signed_in_at, created_at, code_expires_at, generation, used_at, expires_at, ended_at, ended_why
from sign_in_grant
where tenant_id = %(tenant_id)s and id = %(id)s and user_id = %(user_id)s
for update;

-- name: advance
update sign_in_grant set generation = generation + 1, used_at = %(at)s, expires_at = %(expires_at)s
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: end_one
update sign_in_grant set ended_at = %(at)s, ended_why = %(why)s
where tenant_id = %(tenant_id)s and id = %(id)s and user_id = %(user_id)s and ended_at is null
returning app_id;

-- name: forget
-- What has been over for long; of this person, as she grants something again.
delete from sign_in_grant
where tenant_id = %(tenant_id)s and user_id = %(user_id)s and least(expires_at, ended_at) < %(before)s;

-- name: list_of
-- The programs that act for somebody, the latest used first.
select g.id, g.app_id, a.display_name, g.created_at, g.used_at
from sign_in_grant g
left join application a on a.tenant_id = g.tenant_id and a.app_id = g.app_id
left join credential c on c.tenant_id = g.tenant_id and c.user_id = g.user_id
where g.tenant_id = %(tenant_id)s and g.user_id = %(user_id)s and g.generation > 0 and g.expires_at > %(at)s
  and g.ended_at is null and coalesce(c.tokens_valid_from <= g.signed_in_at, true)
order by g.used_at desc limit 100;

-- name: consent_of
select scopes from app_consent where tenant_id = %(tenant_id)s and user_id = %(user_id)s and app_id = %(app_id)s;

-- name: put_consent
insert into app_consent (tenant_id, user_id, app_id, scopes, granted_at)
values (%(tenant_id)s, %(user_id)s, %(app_id)s, %(scopes)s, %(at)s)
on conflict (tenant_id, user_id, app_id) do update
  set scopes = array(select distinct s from unnest(app_consent.scopes || excluded.scopes) s order by s),
      granted_at = excluded.granted_at;

-- name: drop_consent
delete from app_consent where tenant_id = %(tenant_id)s and user_id = %(user_id)s and app_id = %(app_id)s;
