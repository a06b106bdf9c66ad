-- Chats, their members and messages. Content is keyed by chat_id and visible through a seat; seats are
-- rows of their person's tenant.

-- name: lock_id
-- Two people who begin the same 1:1 at once take turns, before either has written a row.
select pg_advisory_xact_lock(%(key)s::bigint);

-- name: add_seat
insert into seat (tenant_id, user_id, chat_id, joined_at, activity_at, read_through, hidden, muted)
values (%(tenant_id)s, %(user_id)s, %(chat_id)s, %(at)s, %(at)s, 0, false, false);

-- name: add_chat
insert into chat (chat_id, kind, topic, started_tenant, started_user, created_at, last_change, version)
values (%(chat_id)s, %(kind)s, %(topic)s, %(started_tenant)s, %(started_user)s, %(at)s, 0, 1);

-- name: add_members
insert into chat_member (chat_id, tenant_id, user_id, role, request, joined_change, joined_at, version)
select %(chat_id)s, m.tenant_id, m.user_id, m.role, m.request, 0, %(at)s, 1
from unnest(%(tenants)s::uuid[], %(users)s::uuid[], %(roles)s::text[], %(requests)s::text[])
  as m (tenant_id, user_id, role, request)
order by m.tenant_id, m.user_id;

-- name: get_chat
-- A chat through the caller's own seat: a colleague's seat makes it visible to the tenant, not to him.
select c.chat_id, c.kind, c.topic, c.started_tenant, c.started_user, c.created_at, c.last_change
from chat c
where c.chat_id = %(chat_id)s and exists (
  select from seat s
  where s.tenant_id = %(tenant_id)s and s.user_id = %(user_id)s and s.chat_id = %(chat_id)s and s.left_at is null);

-- name: members
-- Present members of some chats, in id order.
select chat_id, tenant_id, user_id, role, request, joined_at
from chat_member
where chat_id = any (%(chat_ids)s) and left_at is null
order by chat_id, tenant_id, user_id;

-- name: lock_chat
-- The counter row: whoever holds it writes the chat's next change. What is read after this statement is
-- younger than every earlier change.
select last_change from chat where chat_id = %(chat_id)s for update;

-- name: get_retry
-- The message that this sender stored under this id of his before.
select chat_id, id, changed, kind, sender_tenant, sender_user, client_id, body_type, body, created_at, edited_at, deleted_at
from message
where chat_id = %(chat_id)s and sender_tenant = %(sender_tenant)s and sender_user = %(sender_user)s
  and client_id = %(client_id)s;

-- name: count_sent
-- How many messages the sender has in the chat, counted no further than it matters.
select count(*) from (
  select from message
  where chat_id = %(chat_id)s and sender_tenant = %(sender_tenant)s and sender_user = %(sender_user)s
  limit %(at_most)s) as sent;

-- name: add_message
-- The next change of the chat is this message.
with advanced as (
  update chat set last_change = last_change + 1 where chat_id = %(chat_id)s returning last_change
)
insert into message (chat_id, id, changed, kind, sender_tenant, sender_user, client_id, body_type, body, created_at)
select %(chat_id)s, a.last_change, a.last_change, 'message', %(sender_tenant)s, %(sender_user)s, %(client_id)s,
       %(body_type)s, %(body)s, %(at)s
from advanced a
returning id;

-- name: set_request
-- A member answers: the next change of the chat.
with advanced as (
  update chat set last_change = last_change + 1 where chat_id = %(chat_id)s
)
update chat_member set request = %(request)s, version = version + 1
where chat_id = %(chat_id)s and tenant_id = %(member_tenant)s and user_id = %(member_user)s;

-- name: my_chats
-- A person's chats, the one with the newest message first, with what he has not read.
select s.chat_id, c.kind, c.topic, c.started_tenant, c.started_user, c.created_at, c.last_change, s.muted, s.hidden,
  (select count(*) from message m
   where m.chat_id = s.chat_id and m.id > s.read_through and m.kind = 'message' and m.deleted_at is null
     and (m.sender_tenant, m.sender_user) <> (%(tenant_id)s, %(user_id)s)),
  l.id, l.changed, l.kind, l.sender_tenant, l.sender_user, l.client_id, l.body_type, l.body, l.created_at,
  l.edited_at, l.deleted_at
from seat s
join chat c on c.chat_id = s.chat_id
left join lateral (
  select * from message m where m.chat_id = s.chat_id order by m.id desc limit 1) l on true
where s.tenant_id = %(tenant_id)s and s.user_id = %(user_id)s and s.left_at is null
  and (%(chat_id)s::uuid is null or s.chat_id = %(chat_id)s)
order by coalesce(l.created_at, s.activity_at) desc, s.chat_id
limit %(at_most)s;

-- name: messages
-- What changed since n, in the order of the changes.
select chat_id, id, changed, kind, sender_tenant, sender_user, client_id, body_type, body, created_at, edited_at, deleted_at
from message
where chat_id = %(chat_id)s and changed > %(after)s
order by changed
limit %(at_most)s;

-- name: mark_read
-- A marker only moves forward, and never beyond what there is.
update seat set read_through = greatest(read_through, least(%(through)s, c.last_change))
from chat c
where seat.tenant_id = %(tenant_id)s and seat.user_id = %(user_id)s and seat.chat_id = %(chat_id)s
  and c.chat_id = %(chat_id)s;
