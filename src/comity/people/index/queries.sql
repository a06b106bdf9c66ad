-- The index of words of one tenant, and its dictionary. One writer at a time: who holds the row of people_index.

-- name: open
-- The tenant's row, made if it is missing; nobody else writes the index until the commit.
insert into people_index (tenant_id, rules, version) values (%(tenant_id)s, 0, 1)
on conflict (tenant_id) do update set version = people_index.version + 1
returning rules, walked_to, stale_since;

-- name: save
update people_index set rules = %(rules)s, walked_to = %(walked_to)s, stale_since = %(stale_since)s
where tenant_id = %(tenant_id)s;

-- name: page_after
-- Everybody in order of ids, whatever became of them; who is not visible has no words.
select u.id, u.deleted_at is null and u.account_enabled and u.show_in_address_list
    and (u.user_type = 'Member' or u.creation_type is not null),
  u.display_name, u.given_name, u.surname, u.job_title, u.department
from users u where u.tenant_id = %(tenant_id)s and u.id > %(after)s
order by u.id limit %(at_most)s;

-- name: by_ids
-- These people; one probe of the key each, whatever the statistics say.
select u.* from unnest(%(ids)s::uuid[]) as i (id) cross join lateral (
  select u.id, u.deleted_at is null and u.account_enabled and u.show_in_address_list
      and (u.user_type = 'Member' or u.creation_type is not null),
    u.display_name, u.given_name, u.surname, u.job_title, u.department
  from users u where u.tenant_id = %(tenant_id)s and u.id = i.id limit 1) u;

-- name: words_of
-- Which words do these people have?
select w.user_id, w.part, w.word from unnest(%(ids)s::uuid[]) as i (id) cross join lateral (
  select p.user_id, p.part, p.word from person_word p where p.tenant_id = %(tenant_id)s and p.user_id = i.id offset 0) w;

-- name: add_words
insert into person_word (tenant_id, part, word, user_id)
select %(tenant_id)s, part, word, user_id from staged_words order by part, word, user_id
on conflict do nothing;

-- name: remove_words
delete from person_word p using unnest(%(parts)s::smallint[], %(words)s::text[], %(users)s::uuid[]) as g (part, word, user_id)
where p.tenant_id = %(tenant_id)s and p.part = g.part and p.word = g.word and p.user_id = g.user_id;

-- name: known_words
-- Which of these words are in the dictionary?
select n.word from unnest(%(words)s::text[]) as w (word) cross join lateral (
  select n.word from name_word n where n.tenant_id = %(tenant_id)s and n.word = w.word limit 1) n;

-- name: add_to_dictionary
insert into name_word (tenant_id, word)
select %(tenant_id)s, w.word from unnest(%(words)s::text[]) as w (word) order by w.word
on conflict do nothing;

-- name: add_variants
insert into name_variant (tenant_id, variant, word)
select %(tenant_id)s, variant, word from staged_variants order by variant, word
on conflict do nothing;

-- name: borne_no_more
-- The words behind one, and whether anybody visible bears each: as the first word of a name, or in the index.
select n.word,
  exists (select from users v where v.tenant_id = %(tenant_id)s
    and (v.creation_type is not null) = any (array[false, true]) and v.given_key >= n.word and v.given_key < n.word || '!'
    and v.deleted_at is null and v.account_enabled and v.show_in_address_list
    and (v.user_type = 'Member' or v.creation_type is not null))
  or exists (select from users v where v.tenant_id = %(tenant_id)s
    and (v.creation_type is not null) = any (array[false, true]) and v.surname_key >= n.word
    and v.surname_key < n.word || '!'
    and v.deleted_at is null and v.account_enabled and v.show_in_address_list
    and (v.user_type = 'Member' or v.creation_type is not null))
  or exists (select from person_word p where p.tenant_id = %(tenant_id)s
    and p.part = any (array[1, 2, 3, 4]::smallint[]) and p.word = n.word)
from (
  select d.word from name_word d where d.tenant_id = %(tenant_id)s and d.word > %(after)s
  order by d.word limit %(at_most)s) n
order by n.word;

-- name: forget_words
delete from name_word n using unnest(%(words)s::text[]) as g (word)
where n.tenant_id = %(tenant_id)s and n.word = g.word;

-- name: forget_variants
delete from name_variant v using unnest(%(variants)s::text[], %(words)s::text[]) as g (variant, word)
where v.tenant_id = %(tenant_id)s and v.variant = g.variant and v.word = g.word;
