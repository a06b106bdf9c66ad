-- name: add
insert into audit_entry
  (tenant_id, id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, before, after, reason, request_id, cause)
values
  (%(tenant_id)s, %(id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(action)s, %(object_kind)s,
   %(object_id)s, %(before)s, %(after)s, %(reason)s, %(request_id)s, %(cause)s);

-- name: add_staged
-- Many entries of one act, from the staging table.
insert into audit_entry
  (tenant_id, id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, before, after, reason, request_id, cause)
select %(tenant_id)s, id, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, action, object_kind, object_id,
       before::jsonb, after::jsonb, %(reason)s, %(request_id)s, %(cause)s
from staged_audit;

-- name: of_object
-- What happened to an object, newest first.
select id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, before, after, reason, request_id, cause
from audit_entry
where tenant_id = %(tenant_id)s and object_id = %(object_id)s
order by id desc
limit %(at_most)s;

-- name: by_id
select id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, before, after, reason, request_id, cause
from audit_entry
where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: latest
-- What happened in the tenant, newest first, behind an entry.
select id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, before, after, reason, request_id, cause
from audit_entry
where tenant_id = %(tenant_id)s and (%(before_id)s::uuid is null or id < %(before_id)s)
order by id desc
limit %(at_most)s;

-- name: of_kinds
-- What happened to objects of these kinds, or to these objects, after an instant; newest first.
select id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, before, after, reason, request_id, cause
from (
  select * from audit_entry
  where tenant_id = %(tenant_id)s and object_kind in ('externalAccess', 'externalAccessPolicy', 'directoryContact', 'groupPolicy')
    and object_kind = any (%(kinds)s::text[])
  union
  select * from audit_entry where tenant_id = %(tenant_id)s and object_id = any (%(object_ids)s::uuid[])) e
where %(since)s::timestamptz is null or e.at > %(since)s
order by e.id desc;
