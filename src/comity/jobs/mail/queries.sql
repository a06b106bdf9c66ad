-- Mail, in the tenant that it tells of.

-- name: add
insert into mail (tenant_id, id, code, facts, language, recipients, state, fault, created_at, sent_at)
values (%(tenant_id)s, %(id)s, %(code)s, %(facts)s, %(language)s, %(recipients)s, 'waiting', null, %(at)s, null);

-- name: one
select id, code, facts, language, recipients, state, fault, created_at, sent_at
from mail where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: latest
select id, code, facts, language, recipients, state, fault, created_at, sent_at
from mail where tenant_id = %(tenant_id)s order by id desc limit %(at_most)s;

-- name: settle
update mail set state = %(state)s, fault = %(fault)s,
  sent_at = case when %(state)s = 'sent' then %(at)s::timestamptz end
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: drop
delete from mail where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: expire
delete from mail where tenant_id = %(tenant_id)s and created_at < %(before)s;
