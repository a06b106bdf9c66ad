-- The change feed of one tenant.

-- name: append
-- Take positions and write the entries. The counter row stays locked until the commit, so order of
-- positions is order of commits; it must be a transaction's last statement.
with taken as (
  insert into feed_counter as c (tenant_id, position, floor, settled)
  values (%(tenant_id)s, cardinality(%(kinds)s::smallint[]), 0,
          case when %(flushed)s then cardinality(%(kinds)s::smallint[]) else 0 end)
  on conflict (tenant_id) do update set position = c.position + excluded.position,
    settled = case when %(flushed)s then c.position + excluded.position else c.settled end
  returning position - cardinality(%(kinds)s::smallint[]) as before
)
insert into feed_entry (tenant_id, position, kind, object_id, related_id, changed, cause, at)
select %(tenant_id)s, taken.before + e.nr, e.kind, e.object_id, e.related_id, e.changed, e.cause, %(at)s
from taken, unnest(%(kinds)s::smallint[], %(objects)s::uuid[], %(relateds)s::uuid[], %(changes)s::bigint[],
  %(causes)s::uuid[]) with ordinality as e (kind, object_id, related_id, changed, cause, nr);

-- name: append_arrivals
-- The same, for many objects that are new.
with taken as (
  insert into feed_counter as c (tenant_id, position, floor, settled)
  values (%(tenant_id)s, cardinality(%(objects)s::uuid[]), 0,
          case when %(flushed)s then cardinality(%(objects)s::uuid[]) else 0 end)
  on conflict (tenant_id) do update set position = c.position + excluded.position,
    settled = case when %(flushed)s then c.position + excluded.position else c.settled end
  returning position - cardinality(%(objects)s::uuid[]) as before
)
insert into feed_entry (tenant_id, position, kind, object_id, changed, cause, at)
select %(tenant_id)s, taken.before + e.nr, %(kind)s, e.object_id, %(changed)s, %(cause)s, %(at)s
from taken, unnest(%(objects)s::uuid[]) with ordinality as e (object_id, nr);

-- name: position
-- How far the feed reaches, below which position it was cut off, and up to which it survives the server.
select position, floor, settled from feed_counter where tenant_id = %(tenant_id)s;

-- name: settle
-- Something that the transaction has to flush at its commit, and with it all that was committed before; a lock
-- on the counter row would let writers wait.
select pg_logical_emit_message(true, 'comity', '');

-- name: read
-- Entries behind a position, in order.
select position, kind, object_id, related_id, changed, cause, at
from feed_entry
where tenant_id = %(tenant_id)s and position > %(after)s
order by position
limit %(at_most)s;

-- name: read_own
-- The same up to a position, without B2B identities; the bound is that of the index.
select position, kind, object_id, related_id, changed, cause, at
from feed_entry
where tenant_id = %(tenant_id)s and position > %(after)s and position <= %(up_to)s and changed < 4611686018427387904
order by position
limit %(at_most)s;

-- name: cursor
-- How far a consumer has read.
select position from feed_cursor where tenant_id = %(tenant_id)s and consumer = %(consumer)s;

-- name: advance
-- A consumer has read up to here; never backwards.
insert into feed_cursor (tenant_id, consumer, position, version)
values (%(tenant_id)s, %(consumer)s, %(position)s, 1)
on conflict (tenant_id, consumer) do update
  set position = greatest(feed_cursor.position, excluded.position), version = feed_cursor.version + 1;

-- name: trim_entries
-- Cut entries older than the retention; the floor moves in the same transaction.
delete from feed_entry where tenant_id = %(tenant_id)s and position <= %(floor)s;

-- name: raise_floor
update feed_counter set floor = greatest(floor, %(floor)s) where tenant_id = %(tenant_id)s;

-- name: floor_at
-- The last position of which all up to it are older than a date. Read in order of positions, so that no
-- more is read than will be cut.
select coalesce(
  (select e.position - 1 from feed_entry e
   where e.tenant_id = %(tenant_id)s and e.at >= %(before)s order by e.position limit 1),
  (select c.position from feed_counter c where c.tenant_id = %(tenant_id)s), 0);
