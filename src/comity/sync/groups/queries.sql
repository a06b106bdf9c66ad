-- Groups synced as groups. Statements on the source run in the source's transactions, those marked "target" in the
-- target's.

-- name: concerned
-- Which groups concern these jobs: assigned now, or linked by an earlier drain.
select job_id, principal_id from sync_assignment
where tenant_id = %(tenant_id)s and job_id = any (%(jobs)s) and principal_kind = 'group'
union
select job_id, source_id from sync_object
where tenant_id = %(tenant_id)s and job_id = any (%(jobs)s) and kind = 'group';

-- name: assigned_to
-- Which assigned groups are these people direct members of?
select distinct m.member_id, a.principal_id from group_member m
join sync_assignment a on a.tenant_id = m.tenant_id and a.principal_id = m.group_id and a.job_id = %(job_id)s
where m.tenant_id = %(tenant_id)s and m.member_id = any (%(ids)s::uuid[]) and a.principal_kind = 'group';

-- name: source_group
select g.id, g.display_name, g.description, g.mail_nickname, g.security_enabled, g.mail_enabled, g.deleted_at is not null,
       exists (select from sync_assignment a where a.tenant_id = g.tenant_id and a.job_id = %(job_id)s and a.principal_id = g.id)
from groups g where g.tenant_id = %(tenant_id)s and g.id = %(id)s;

-- name: linked_members
-- Where the job has put those of a group's direct members whom it manages.
select o.target_id from group_member m
join sync_object o on o.tenant_id = m.tenant_id and o.source_id = m.member_id
where m.tenant_id = %(tenant_id)s and m.group_id = %(group_id)s and m.member_kind = 'user'
  and o.job_id = %(job_id)s and o.state = 'linked' and o.kind = 'user' and o.target_id is not null;

-- name: settle
-- All groups of the job have been looked at.
update sync_job set groups_due = false where tenant_id = %(tenant_id)s and id = %(id)s and groups_due;

-- name: owe
-- People came or went: until its groups have been looked at, a drain that is cut off leaves that to the next.
update sync_job set groups_due = true where tenant_id = %(tenant_id)s and id = %(id)s and not groups_due;

-- name: is_owed
select groups_due from sync_job where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: present
-- Target: the group that was made for a group of the source, living or soft-deleted.
select id, version, display_name, description, mail_nickname, case when deleted_at is not null then coalesce(deleted_by, 'admin') end
from groups where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s and home_group_id = %(id)s;

-- name: members
-- Target: who is a member.
select member_id from group_member where tenant_id = %(tenant_id)s and group_id = %(group_id)s;

-- name: create
-- Target: always a static security group. Whoever came to stand there meanwhile is decided again.
insert into groups (tenant_id, id, version, display_name, description, mail_nickname, security_enabled, mail_enabled,
                    name_key, created_at, home_tenant_id, home_group_id)
values (%(tenant_id)s, %(id)s, 1, %(display_name)s, %(description)s, %(mail_nickname)s, true, false, %(name_key)s, %(at)s,
        %(source)s, %(source_id)s)
on conflict on constraint groups_home_unique do nothing;

-- name: update
-- Target: brought in line, restored or moved to the recycle bin; only at the version it was planned on.
update groups set version = version + 1, display_name = %(display_name)s, description = %(description)s,
  mail_nickname = %(mail_nickname)s, name_key = %(name_key)s,
  deleted_at = case when %(gone)s then %(at)s::timestamptz end, deleted_by = case when %(gone)s then 'sync' end
where tenant_id = %(tenant_id)s and id = %(id)s and version = %(version)s;

-- name: join_members
-- Target: direct members; whoever was purged meanwhile is left out.
insert into group_member (tenant_id, group_id, member_id, member_kind, added_at)
select %(tenant_id)s, %(group_id)s, u.id, 'user', %(at)s
from users u where u.tenant_id = %(tenant_id)s and u.id = any (%(ids)s::uuid[]) and u.purged_at is null
on conflict do nothing;

-- name: leave_members
delete from group_member where tenant_id = %(tenant_id)s and group_id = %(group_id)s and member_id = any (%(ids)s::uuid[]);

-- name: receipt
-- Target: proof of the step, with the change.
insert into sync_receipt (tenant_id, plan_id, step, source_tenant_id, job_id, source_id, target_id, action,
                          before, after, changed, version_after, at, cause, kind)
values (%(tenant_id)s, %(plan_id)s, %(step)s, %(source)s, %(job_id)s, %(source_id)s, %(target_id)s, %(action)s,
        %(before)s, %(after)s, %(changed)s, %(version_after)s, %(at)s, %(cause)s, 'group');
