-- What stands here for people of another tenant.

-- name: represented
select count(*) filter (where user_type = 'Member'), count(*) filter (where user_type = 'Guest')
from users where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s and deleted_at is null;

-- name: standing_for
select home_user_id, user_type from users
where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s and home_user_id = any (%(ids)s::uuid[])
  and deleted_at is null;
