-- Name search within one tenant. Ranges, not LIKE, since under row-level security only leakproof operators
-- reach an index (design §4.13). The condition on deleted, enabled and shown is that of the partial indexes,
-- word by word. Whatever an index names, the live row decides whether it is shown; rows are probed one by one,
-- since without statistics the planner would read all of them.

-- name: by_name
-- Ranges of names in order of their slots: two of whole names and two of beginnings, each time one over given
-- names and one over surnames. Each range is read in the order of its index, behind the place where the last page
-- ended, and only as far as the page is not full; in each, the tenant's own people come before others.
with a as materialized (
  select * from unnest(%(arms)s::int[], %(slots)s::int[], %(externals)s::bool[], %(keys)s::text[], %(next_keys)s::text[],
    %(ids)s::uuid[], %(ends)s::text[], %(lows)s::text[], %(highs)s::text[])
    as a (arm, slot, external, key, next_key, id, until, low, high))
select f.arm, f.external, f.key, f.next_key,
  u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
  u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key, u.given_name, u.surname, u.job_title,
  u.department, u.office_location
from (
  (select a.arm, a.external, f.* from a cross join lateral (
     select given_key as key, surname_key as next_key, id from users
     where tenant_id = %(tenant_id)s and (creation_type is not null) = a.external
       and (given_key, surname_key collate "POSIX", id) > (a.key, a.next_key, a.id) and given_key < a.until
       and surname_key collate "POSIX" >= a.low and surname_key collate "POSIX" < a.high
       and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
       and id <> all (%(without)s::uuid[])
     order by given_key, surname_key collate "POSIX", id limit %(at_most)s) f
   where a.slot = 0)
  union all
  (select a.arm, a.external, f.* from a cross join lateral (
     select surname_key as key, given_key as next_key, id from users
     where tenant_id = %(tenant_id)s and (creation_type is not null) = a.external
       and (surname_key, given_key collate "POSIX", id) > (a.key, a.next_key, a.id) and surname_key < a.until
       and given_key collate "POSIX" >= a.low and given_key collate "POSIX" < a.high
       and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
       and id <> all (%(without)s::uuid[])
     order by surname_key, given_key collate "POSIX", id limit %(at_most)s) f
   where a.slot = 1)
  union all
  (select a.arm, a.external, f.* from a cross join lateral (
     select given_key as key, surname_key as next_key, id from users
     where tenant_id = %(tenant_id)s and (creation_type is not null) = a.external
       and (given_key, surname_key collate "POSIX", id) > (a.key, a.next_key, a.id) and given_key < a.until
       and surname_key collate "POSIX" >= a.low and surname_key collate "POSIX" < a.high
       and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
       and id <> all (%(without)s::uuid[])
     order by given_key, surname_key collate "POSIX", id limit %(at_most)s) f
   where a.slot = 2)
  union all
  (select a.arm, a.external, f.* from a cross join lateral (
     select surname_key as key, given_key as next_key, id from users
     where tenant_id = %(tenant_id)s and (creation_type is not null) = a.external
       and (surname_key, given_key collate "POSIX", id) > (a.key, a.next_key, a.id) and surname_key < a.until
       and given_key collate "POSIX" >= a.low and given_key collate "POSIX" < a.high
       and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
       and id <> all (%(without)s::uuid[])
     order by surname_key, given_key collate "POSIX", id limit %(at_most)s) f
   where a.slot = 3)
  limit %(at_most)s) f
cross join lateral (select * from users u where u.tenant_id = %(tenant_id)s and u.id = f.id limit 1) u;

-- name: by_parts
-- What no range in order reaches: by keys that begin with another spelling, by words of the index, by the
-- beginning of an address; at most `reach` of each range, some of them twice. `others` are the other words
-- that were typed, each with its spellings: all of them have to match too.
select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
  u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key, u.given_name, u.surname, u.job_title,
  u.department, u.office_location
from (
  (select f.id from unnest(%(given_lows)s::text[], %(given_highs)s::text[]) as a (low, high)
   cross join unnest(array[false, true]) as e (external)
   cross join lateral (
     select id from users
     where tenant_id = %(tenant_id)s and (creation_type is not null) = e.external
       and given_key >= a.low and given_key < a.high
       and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
       and id <> all (%(without)s::uuid[])
     limit %(reach)s) f)
  union all
  (select f.id from unnest(%(surname_lows)s::text[], %(surname_highs)s::text[]) as a (low, high)
   cross join unnest(array[false, true]) as e (external)
   cross join lateral (
     select id from users
     where tenant_id = %(tenant_id)s and (creation_type is not null) = e.external
       and surname_key >= a.low and surname_key < a.high
       and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
       and id <> all (%(without)s::uuid[])
     limit %(reach)s) f)
  union all
  (select f.user_id from unnest(%(parts)s::smallint[], %(part_lows)s::text[], %(part_highs)s::text[]) as a (part, low, high)
   cross join lateral (
     select user_id from person_word
     where tenant_id = %(tenant_id)s and part = a.part and word >= a.low and word < a.high
       and user_id <> all (%(without)s::uuid[])
     order by word, user_id limit %(reach)s) f)
  union all
  (select id from users
   where tenant_id = %(tenant_id)s and mail_key >= %(address)s and mail_key < %(address_end)s
     and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
     and id <> all (%(without)s::uuid[])
   order by mail_key limit %(reach)s)
  union all
  (select id from users
   where tenant_id = %(tenant_id)s and upn_key >= %(address)s and upn_key < %(address_end)s
     and deleted_at is null and account_enabled and show_in_address_list
       and (user_type = 'Member' or creation_type is not null)
     and id <> all (%(without)s::uuid[])
   order by upn_key limit %(reach)s)) f
cross join lateral (select * from users u where u.tenant_id = %(tenant_id)s and u.id = f.id limit 1) u
where u.deleted_at is null and u.account_enabled and u.show_in_address_list
  and (u.user_type = 'Member' or u.creation_type is not null)
  and not exists (
    select from unnest(%(others)s::text[]) as o (forms)
    where not exists (
      select from unnest(string_to_array(o.forms, ' ')) as w (form)
      where strpos(' ' || u.given_key || ' ' || u.surname_key || ' ' || u.name_key, ' ' || w.form) > 0
         or exists (select from person_word q where q.tenant_id = %(tenant_id)s and q.user_id = u.id
                      and q.word >= w.form and q.word < w.form || chr(1114111))))
limit %(at_most)s;

-- name: count_words
-- How many names each range of words leads to, as far as it is worth counting; in the order of the ranges.
select
  (select count(*) from (
     select from users v where v.tenant_id = %(tenant_id)s and (v.creation_type is not null) = any (array[false, true])
       and v.given_key >= a.low and v.given_key < a.high
       and v.deleted_at is null and v.account_enabled and v.show_in_address_list
       and (v.user_type = 'Member' or v.creation_type is not null) limit %(at_most)s) x)
  + (select count(*) from (
     select from users v where v.tenant_id = %(tenant_id)s and (v.creation_type is not null) = any (array[false, true])
       and v.surname_key >= a.low and v.surname_key < a.high
       and v.deleted_at is null and v.account_enabled and v.show_in_address_list
       and (v.user_type = 'Member' or v.creation_type is not null) limit %(at_most)s) x)
  + (select count(*) from (
     select from unnest(%(parts)s::smallint[]) as k (part)
     cross join lateral (select from person_word p where p.tenant_id = %(tenant_id)s and p.part = k.part
       and p.word >= a.low and p.word < a.high limit %(at_most)s) y) x)
from unnest(%(lows)s::text[], %(highs)s::text[]) with ordinality as a (low, high, nr)
order by a.nr;

-- name: by_ids
-- These people, as far as they are visible now.
select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
  u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key, u.given_name, u.surname, u.job_title,
  u.department, u.office_location
from unnest(%(ids)s::uuid[]) as i (id)
cross join lateral (select * from users u where u.tenant_id = %(tenant_id)s and u.id = i.id limit 1) u
where u.deleted_at is null and u.account_enabled and u.show_in_address_list
  and (u.user_type = 'Member' or u.creation_type is not null);

-- name: recent
-- With whom the searcher chatted last, one to one: the account here of each, newest first. A chat's members
-- are home identities; somebody from elsewhere is found by her account's home.
with mine as materialized (
  select s.chat_id, s.activity_at from seat s
  where s.tenant_id = %(tenant_id)s and s.user_id = %(searcher)s and s.left_at is null
  order by s.activity_at desc, s.chat_id limit %(at_most)s),
partner as materialized (
  select m.tenant_id, m.user_id from mine
  join chat c on c.chat_id = mine.chat_id and c.kind = 'oneOnOne'
  join chat_member m on m.chat_id = mine.chat_id
  where (m.tenant_id, m.user_id) <> (%(tenant_id)s, %(searcher)s))
select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
  u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key, u.given_name, u.surname, u.job_title,
  u.department, u.office_location
from (
  select p.user_id as id from partner p where p.tenant_id = %(tenant_id)s
  union all
  select h.id from partner p
  join users h on h.tenant_id = %(tenant_id)s and h.home_tenant_id = p.tenant_id and h.home_user_id = p.user_id) f
cross join lateral (select * from users u where u.tenant_id = %(tenant_id)s and u.id = f.id limit 1) u
where u.deleted_at is null and u.account_enabled and u.show_in_address_list
  and (u.user_type = 'Member' or u.creation_type is not null);

-- name: by_address
-- A whole mail address or UPN. Members who are hidden from address lists are found by it, guests only
-- if they are shown (people-search §1 S6, §2).
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
  u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key, u.given_name, u.surname, u.job_title,
  u.department, u.office_location
 from users u
 where u.tenant_id = %(tenant_id)s and u.mail_key = %(address)s and u.deleted_at is null and u.account_enabled
   and u.id <> %(searcher)s
   and (u.user_type = 'Member' or (u.show_in_address_list and u.creation_type is not null))
 order by u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
  u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key, u.given_name, u.surname, u.job_title,
  u.department, u.office_location
 from users u
 where u.tenant_id = %(tenant_id)s and u.upn_key = %(address)s and u.deleted_at is null and u.account_enabled
   and u.id <> %(searcher)s
   and (u.user_type = 'Member' or (u.show_in_address_list and u.creation_type is not null))
 order by u.id limit %(at_most)s);

-- name: meant
-- Words of the dictionary that share what is left of their beginnings, of about the same length.
select distinct n.word
from unnest(%(variants)s::text[]) as v (variant)
cross join lateral (
  -- In the order of the index: without one the planner may hope to meet enough of a common variant by reading along.
  select w.word from name_variant w where w.tenant_id = %(tenant_id)s and w.variant = v.variant
  order by w.word limit %(at_most)s) n
where length(n.word) between %(shortest)s and %(longest)s;

-- name: count_lookup
-- One more lookup in this minute; how many those are.
insert into lookup_rate as r (tenant_id, user_id, minute, lookups)
values (%(tenant_id)s, %(user_id)s, %(minute)s, 1)
on conflict (tenant_id, user_id) do update
  set minute = excluded.minute, lookups = case when r.minute = excluded.minute then r.lookups + 1 else 1 end
returning lookups;

-- name: guest_role
-- What guests may see here.
select guest_user_role_id from tenant_setting where tenant_id = %(tenant_id)s;
