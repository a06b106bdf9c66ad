-- Registrations wait outside the realm, because there is no account yet; phone claims are their owner's.

-- name: add
select registration_add(row(%(id)s, %(mail)s, %(display_name)s, %(password_hash)s, %(sha256)s, %(at)s, %(expires_at)s)::registration,
  %(stale_before)s);

-- name: take
select mail, display_name, password_hash from registration_take(%(id)s, %(sha256)s, %(at)s);

-- name: put_claim
insert into phone_claim (tenant_id, user_id, phone, sealed_code, attempts, created_at, expires_at)
values (%(tenant_id)s, %(user_id)s, %(phone)s, %(sealed_code)s, 0, %(at)s, %(expires_at)s)
on conflict (tenant_id, user_id) do update
  set phone = excluded.phone, sealed_code = excluded.sealed_code, attempts = 0, created_at = excluded.created_at,
      expires_at = excluded.expires_at;

-- name: try_claim
-- Each try counts, the right one as well.
update phone_claim set attempts = attempts + 1
where tenant_id = %(tenant_id)s and user_id = %(user_id)s and expires_at > %(at)s and attempts < %(most)s
returning phone, sealed_code;

-- name: drop_claim
delete from phone_claim where tenant_id = %(tenant_id)s and user_id = %(user_id)s;
