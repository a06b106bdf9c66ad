-- Reports over one tenant. They read what `directory`, `access` and `chat` own, and write nothing.

-- name: people_by_policy
-- A page of the tenant's own people who can talk at all, as a few long texts: making a row of each costs
-- more than everything else. One row per direct policy and lowest rank.
select p.policy_key, p.rank, string_agg(p.line, chr(30)), max(p.id::text)
from (
  select u.id, d.policy_key, r.rank,
         u.id::text || chr(31) || u.user_principal_name || chr(31) || translate(u.display_name, chr(30) || chr(31), '  ')
           || chr(31) || coalesce(u.mail_key, u.upn_key) as line
  from users u
  left join access_policy_user d on d.tenant_id = %(tenant_id)s and d.user_id = u.id
  left join (
    select m.member_id, min(a.rank) as rank
    from access_policy_group a
    join group_member m on m.tenant_id = %(tenant_id)s and m.group_id = a.group_id
    where a.tenant_id = %(tenant_id)s group by m.member_id) r on r.member_id = u.id
  where u.tenant_id = %(tenant_id)s and u.creation_type is null and u.deleted_at is null and u.account_enabled
    and u.id > %(after)s
  order by u.id limit %(at_most)s) p
group by p.policy_key, p.rank;

-- name: address_domains
select distinct split_part(coalesce(u.mail_key, u.upn_key), '@', -1) from users u
where u.tenant_id = %(tenant_id)s and u.creation_type is null and u.deleted_at is null and u.account_enabled;

-- name: contacts
select user_id from directory_contact
where tenant_id = %(tenant_id)s and user_id > %(after)s order by user_id limit %(at_most)s;
