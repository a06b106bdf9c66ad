-- Browser sessions of one person.

-- name: add
insert into sign_in_session (tenant_id, id, user_id, secret_sha256, client, created_at, expires_at, ended_at)
values (%(tenant_id)s, %(id)s, %(user_id)s, %(sha256)s, %(client)s, %(at)s, %(expires_at)s, null);

-- name: forget
-- What has been over for long; of this person, as she signs in again.
delete from sign_in_session
where tenant_id = %(tenant_id)s and user_id = %(user_id)s and least(expires_at, ended_at) < %(before)s;

-- name: find
-- Whose session is it, if it is good: not over, not ended, of somebody living and enabled, and begun after
-- her tokens were last revoked.
select s.id, s.created_at, u.tenant_id, u.id, u.display_name, u.user_principal_name, u.user_type = 'Guest'
from sign_in_session s
join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
left join credential c on c.tenant_id = s.tenant_id and c.user_id = s.user_id
where s.tenant_id = %(tenant_id)s and s.id = %(id)s and s.user_id = %(user_id)s and s.secret_sha256 = %(sha256)s
  and s.expires_at > %(at)s and s.ended_at is null
  and u.deleted_at is null and u.account_enabled
  and coalesce(c.tokens_valid_from <= s.created_at, true);

-- name: list_of
-- A person's living sessions, the newest first.
select s.id, s.client, s.created_at, s.expires_at
from sign_in_session s
left join credential c on c.tenant_id = s.tenant_id and c.user_id = s.user_id
where s.tenant_id = %(tenant_id)s and s.user_id = %(user_id)s and s.expires_at > %(at)s and s.ended_at is null
  and coalesce(c.tokens_valid_from <= s.created_at, true)
order by s.created_at desc limit 100;

-- name: end_one
update sign_in_session set ended_at = %(at)s
where tenant_id = %(tenant_id)s and id = %(id)s and user_id = %(user_id)s and ended_at is null
returning id;
