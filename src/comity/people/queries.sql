-- Name search within one tenant. Each arm is a range of one index of visible people, in its order and
-- limited; ranges, not LIKE, since under row-level security only leakproof operators reach an index
-- (design §4.13). The condition on deleted, enabled and shown is that of the partial indexes, word by word.

-- name: by_word
-- One word: beginning of the given name, of the surname, of the mail address, of the UPN. People of
-- the tenant's own who are guests are not found (people-search §2).
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.given_key >= %(word)s and u.given_key < %(word_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
 order by u.given_key, u.surname_key, u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.surname_key >= %(word)s and u.surname_key < %(word_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
 order by u.surname_key, u.given_key, u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.mail_key >= %(address)s and u.mail_key < %(address_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
 order by u.mail_key limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.upn_key >= %(address)s and u.upn_key < %(address_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
 order by u.upn_key limit %(at_most)s);

-- name: by_words
-- Several words: the first and the last as beginnings of given name and surname, in either order; then
-- the longest as the beginning of either, with all the others anywhere in the name.
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.given_key >= %(first)s and u.given_key < %(first_end)s
   and u.surname_key >= %(last)s and u.surname_key < %(last_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
   and not exists (select from unnest(%(words)s::text[]) w (word)
     where strpos(' ' || u.given_key || ' ' || u.surname_key || ' ' || u.name_key, ' ' || w.word) = 0)
 order by u.given_key, u.surname_key, u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.surname_key >= %(first)s and u.surname_key < %(first_end)s
   and u.given_key >= %(last)s and u.given_key < %(last_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
   and not exists (select from unnest(%(words)s::text[]) w (word)
     where strpos(' ' || u.given_key || ' ' || u.surname_key || ' ' || u.name_key, ' ' || w.word) = 0)
 order by u.surname_key, u.given_key, u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.given_key >= %(longest)s and u.given_key < %(longest_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
   and not exists (select from unnest(%(words)s::text[]) w (word)
     where strpos(' ' || u.given_key || ' ' || u.surname_key || ' ' || u.name_key, ' ' || w.word) = 0)
 order by u.given_key, u.surname_key, u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.surname_key >= %(longest)s and u.surname_key < %(longest_end)s
   and u.deleted_at is null and u.account_enabled and u.show_in_address_list
   and u.id <> %(searcher)s and (u.user_type = 'Member' or u.creation_type is not null)
   and not exists (select from unnest(%(words)s::text[]) w (word)
     where strpos(' ' || u.given_key || ' ' || u.surname_key || ' ' || u.name_key, ' ' || w.word) = 0)
 order by u.surname_key, u.given_key, u.id limit %(at_most)s);

-- name: by_address
-- A whole mail address or UPN. Members who are hidden from address lists are found by it, guests only
-- if they are shown (people-search §1 S6, §2).
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.mail_key = %(address)s and u.deleted_at is null and u.account_enabled
   and u.id <> %(searcher)s
   and (u.user_type = 'Member' or (u.show_in_address_list and u.creation_type is not null))
 order by u.id limit %(at_most)s)
union all
(select u.id, u.display_name, u.user_principal_name, u.mail, u.user_type, u.creation_type is not null, u.home_tenant_id,
   u.home_user_id, u.given_key, u.surname_key, u.name_key, u.mail_key, u.upn_key
 from users u
 where u.tenant_id = %(tenant_id)s and u.upn_key = %(address)s and u.deleted_at is null and u.account_enabled
   and u.id <> %(searcher)s
   and (u.user_type = 'Member' or (u.show_in_address_list and u.creation_type is not null))
 order by u.id limit %(at_most)s);
