-- Reports over one tenant. They read what `directory`, `access` and `chat` own, and write nothing.

-- name: alone
-- For the rest of the transaction no parallel workers: each would make the table of ranks anew, which is most
-- of the work, and with two processors that takes twice as long as one process alone (measured).
select set_config('max_parallel_workers_per_gather', '0', true);

-- name: page_end
-- The last id of a page, from the primary key alone; none if the page is the last.
select u.id from users u where u.tenant_id = %(tenant_id)s and u.id > %(after)s order by u.id offset %(size)s limit 1;

-- name: people_by_policy
-- A page of the tenant's own people who can talk at all, as a few long texts: making a row of each costs
-- more than everything else. One row per direct policy and lowest rank. Pages are cut by `page_end`,
-- because sorting so many wide rows goes to disk.
select d.policy_key, r.rank,
       string_agg(u.id::text || chr(31) || u.user_principal_name || chr(31)
                  || translate(u.display_name, chr(30) || chr(31), '  ') || chr(31) || coalesce(u.mail_key, u.upn_key),
                  chr(30))
from users u
left join access_policy_user d on d.tenant_id = %(tenant_id)s and d.user_id = u.id
left join (
  select m.member_id, min(a.rank) as rank
  from access_policy_group a
  join group_member m on m.tenant_id = %(tenant_id)s and m.group_id = a.group_id
  where a.tenant_id = %(tenant_id)s group by m.member_id) r on r.member_id = u.id
where u.tenant_id = %(tenant_id)s and u.creation_type is null and u.deleted_at is null and u.account_enabled
  and u.id > %(after)s and (%(until)s::uuid is null or u.id <= %(until)s)
group by d.policy_key, r.rank;

-- name: contacts
select user_id from directory_contact
where tenant_id = %(tenant_id)s and user_id > %(after)s order by user_id limit %(at_most)s;

-- name: members_of
-- Direct members of groups that have a policy, or would have: one text per group.
select m.group_id::text, string_agg(m.member_id::text, chr(30))
from group_member m
where m.tenant_id = %(tenant_id)s and m.group_id = any (%(group_ids)s::uuid[])
group by m.group_id;

-- name: chats_across
-- 1:1 chats of these people of ours with somebody outside, by chat id, behind `after`; who began it, and
-- whether a request waits there.
select c.chat_id, mine.user_id, other.tenant_id, other.user_id, c.started_tenant, c.started_user,
       'pending' in (mine.request, other.request)
from seat s
join chat c on c.chat_id = s.chat_id and c.kind = 'oneOnOne'
join chat_member mine on mine.chat_id = c.chat_id and mine.tenant_id = %(tenant_id)s and mine.user_id = s.user_id
join chat_member other on other.chat_id = c.chat_id and other.tenant_id <> %(tenant_id)s and other.left_at is null
where s.tenant_id = %(tenant_id)s and s.left_at is null and s.user_id = any (%(user_ids)s::uuid[])
  and s.chat_id > %(after)s
order by c.chat_id limit %(at_most)s;

-- name: used_domains
-- Of these domains, those whose tenant has somebody in a chat of ours that was written to since then.
with lately as (
  select distinct m.tenant_id
  from seat s
  join chat_member m on m.chat_id = s.chat_id and m.tenant_id <> %(tenant_id)s
  where s.tenant_id = %(tenant_id)s and s.activity_at > %(since)s)
select w.domain from unnest(%(domains)s::text[]) as w (domain)
cross join lateral domain_get(w.domain) d
join lately on lately.tenant_id = d.tenant_id;

-- name: person
select u.deleted_at is null, u.account_enabled, u.mail, u.user_principal_name,
  (select g.policy_key from access_policy_user g where g.tenant_id = %(tenant_id)s and g.user_id = u.id),
  array(select m.group_id::text from group_member m where m.tenant_id = %(tenant_id)s and m.member_id = u.id),
  exists (select from directory_contact k where k.tenant_id = %(tenant_id)s and k.user_id = %(other)s)
from users u where u.tenant_id = %(tenant_id)s and u.id = %(id)s;

-- name: assigned_since
-- Groups whose policy was changed.
select distinct e.object_id from audit_entry e
where e.tenant_id = %(tenant_id)s and e.at > %(since)s and e.object_kind = 'groupPolicy'
  and e.object_kind in ('externalAccess', 'externalAccessPolicy', 'directoryContact', 'groupPolicy');

-- name: chats_between
-- How many chats of two these people have with people of another tenant.
select count(distinct s.chat_id)
from seat s
join chat c on c.chat_id = s.chat_id and c.kind = 'oneOnOne'
join chat_member m on m.chat_id = s.chat_id and m.tenant_id = %(target)s
where s.tenant_id = %(tenant_id)s and s.user_id = any (%(ids)s::uuid[]) and s.left_at is null;

-- name: groups_of_accounts
-- In which groups of ours these accounts are.
select g.id, g.display_name, count(*)
from group_member m
join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null
where m.tenant_id = %(tenant_id)s and m.member_id = any (%(ids)s::uuid[])
group by g.id, g.display_name;

-- name: chats_with
-- How many chats of two people of ours have with these people of another tenant.
select count(distinct s.chat_id)
from seat s
join chat c on c.chat_id = s.chat_id and c.kind = 'oneOnOne'
join chat_member m on m.chat_id = s.chat_id and m.tenant_id = %(home)s and m.user_id = any (%(ids)s::uuid[])
where s.tenant_id = %(tenant_id)s and s.left_at is null;
