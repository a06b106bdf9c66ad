-- Cross-tenant sync. Statements on the source run in the source's transactions, those marked "target"
-- in the target's; none joins the two.

-- name: jobs
select tenant_id, id, version, name, target_tenant_id, origin, state, state_reason, scope_mode, for_later_tenants,
       action_add, action_update, action_delete, interval_s, watermark, created_at, mapping, filter, groups,
       drift_repair, threshold_on, threshold_number, threshold_percent
from sync_job where tenant_id = %(tenant_id)s order by id;

-- name: job
select tenant_id, id, version, name, target_tenant_id, origin, state, state_reason, scope_mode, for_later_tenants,
       action_add, action_update, action_delete, interval_s, watermark, created_at, mapping, filter, groups,
       drift_repair, threshold_on, threshold_number, threshold_percent
from sync_job where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: add_job
insert into sync_job (tenant_id, id, version, name, target_tenant_id, origin, state, state_reason, scope_mode,
  for_later_tenants, action_add, action_update, action_delete, mapping, filter, drift_repair, groups, groups_due, read_bits,
  always_bits, interval_s, threshold_on, threshold_number, threshold_percent, watermark, created_at)
values (%(tenant_id)s, %(id)s, 1, %(name)s, %(target)s, %(origin)s, %(state)s, null, %(scope_mode)s,
  %(for_later)s, %(add)s, %(update)s, %(delete)s, %(mapping)s, %(filter)s, false, %(groups)s, false, %(read_bits)s,
  %(always_bits)s, %(interval_s)s, %(threshold_on)s, %(threshold_number)s, %(threshold_percent)s, null, %(created_at)s);

-- name: touch_job
-- Its assignments changed: plans made before are refused.
update sync_job set version = version + 1 where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: set_job_state
update sync_job set state = %(state)s, state_reason = %(reason)s where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: configure
-- What the job decides with has changed: plans made before are refused; a full look begins at the beginning.
update sync_job set version = version + 1, scope_mode = %(scope_mode)s, for_later_tenants = %(for_later)s,
  mapping = %(mapping)s, filter = %(filter)s, groups = %(groups)s, action_add = %(add)s, action_update = %(update)s, action_delete = %(delete)s,
  read_bits = %(read_bits)s, always_bits = %(always_bits)s,
  watermark = case when %(full_look)s then null else watermark end
where tenant_id = %(tenant_id)s and id = %(id)s and version = %(version)s;

-- name: copy_assignments
insert into sync_assignment (tenant_id, job_id, principal_id, principal_kind, assigned_at)
select %(tenant_id)s, %(to)s, principal_id, principal_kind, %(at)s
from sync_assignment where tenant_id = %(tenant_id)s and job_id = %(from)s
on conflict do nothing;

-- name: set_for_later
update sync_job set for_later_tenants = %(for_later)s, version = version + 1
where tenant_id = %(tenant_id)s and id = %(id)s and for_later_tenants <> %(for_later)s;

-- name: assign
insert into sync_assignment (tenant_id, job_id, principal_id, principal_kind, assigned_at)
select %(tenant_id)s, %(job_id)s, p.id, %(kind)s, %(at)s from unnest(%(ids)s::uuid[]) p(id)
on conflict do nothing returning principal_id;

-- name: unassign
delete from sync_assignment
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and principal_id = any (%(ids)s) returning principal_id;

-- name: assignments
select principal_id, principal_kind from sync_assignment
where tenant_id = %(tenant_id)s and job_id = %(job_id)s order by principal_kind, principal_id;

-- name: assigned_groups
-- Which groups are assigned to which of these jobs?
select principal_id, job_id from sync_assignment
where tenant_id = %(tenant_id)s and job_id = any (%(jobs)s) and principal_kind = 'group';

-- name: people
-- One page of people, whatever became of them.
select id, version,
       display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
       account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
       company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
       business_phone, mobile_phone, manager_id, extensions,
       creation_type is not null, deleted_at is not null,
       greatest(octet_length(display_name), octet_length(given_name), octet_length(surname), octet_length(mail_nickname),
         octet_length(user_principal_name), octet_length(mail), octet_length(street_address), octet_length(city),
         octet_length(state), octet_length(postal_code), octet_length(country), octet_length(company_name),
         octet_length(department), octet_length(employee_id), octet_length(job_title), octet_length(office_location),
         octet_length(preferred_language), octet_length(usage_location), octet_length(business_phone), octet_length(mobile_phone))
from users where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]) order by id;

-- name: in_scope
-- Who of the page is offered by which job: assigned directly, or by direct membership of an assigned living group.
select a.job_id, a.principal_id from sync_assignment a
where a.tenant_id = %(tenant_id)s and a.job_id = any (%(jobs)s) and a.principal_id = any (%(ids)s::uuid[]) and a.principal_kind = 'user'
union
select a.job_id, m.member_id
from group_member m
join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null and g.security_enabled
join sync_assignment a on a.tenant_id = m.tenant_id and a.principal_id = m.group_id and a.job_id = any (%(jobs)s)
  and a.principal_kind = 'group'
where m.tenant_id = %(tenant_id)s and m.member_id = any (%(ids)s::uuid[]) and m.member_kind = 'user';

-- name: links
-- One probe of the key per job and person, whatever the statistics say.
select j.id, i.id, o.target_id, o.state
from unnest(%(jobs)s::uuid[]) j (id) cross join unnest(%(ids)s::uuid[]) i (id)
cross join lateral (
  select target_id, state from sync_object
  where tenant_id = %(tenant_id)s and job_id = j.id and source_id = i.id limit 1
) o;

-- name: candidates
-- Whom a full look concerns, by id: whoever is assigned, a member of an assigned group, or linked already.
-- Each arm reads the next page of each job or group from its key, so that a full look is not quadratic.
select c.id from (
  select a.principal_id as id
  from unnest(%(jobs)s::uuid[]) j (id) cross join lateral (
    select principal_id from sync_assignment
    where tenant_id = %(tenant_id)s and job_id = j.id and principal_id > %(after)s and principal_kind = 'user'
    order by principal_id limit %(at_most)s) a
  union
  select m.member_id
  from (select distinct principal_id from sync_assignment
        where tenant_id = %(tenant_id)s and job_id = any (%(jobs)s) and principal_kind = 'group') g
  cross join lateral (
    select member_id from group_member
    where tenant_id = %(tenant_id)s and group_id = g.principal_id and member_id > %(after)s and member_kind = 'user'
    order by member_id limit %(at_most)s) m
  union
  select o.source_id
  from unnest(%(jobs)s::uuid[]) j (id) cross join lateral (
    select source_id from sync_object
    where tenant_id = %(tenant_id)s and job_id = j.id and source_id > %(after)s and kind = 'user'
    order by source_id limit %(at_most)s) o
) c order by c.id limit %(at_most)s;

-- name: candidates_all
-- Whom a full look at everybody concerns, by id.
select id from users where tenant_id = %(tenant_id)s and id > %(after)s and creation_type is null
order by id limit %(at_most)s;

-- name: which_are_groups
select id from groups where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]);

-- name: members
-- A group's direct members, by id.
select member_id from group_member
where tenant_id = %(tenant_id)s and group_id = %(group_id)s and member_id > %(after)s and member_kind = 'user'
order by member_id limit %(at_most)s;

-- name: add_plan
insert into sync_plan (tenant_id, id, job_id, run_id, kind, state, guard, proposal, counts, looked_at, stop_asked,
                       from_position, to_position, created_at, expires_at, cause)
values (%(tenant_id)s, %(id)s, %(job_id)s, %(run_id)s, %(kind)s, %(state)s, %(guard)s, %(proposal)s, '{}', 0, false,
        %(from_position)s, %(to_position)s, %(at)s, %(expires_at)s, %(cause)s);

-- name: end_plan
update sync_plan set state = %(state)s, counts = %(counts)s where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: lock_plan
select from sync_plan where tenant_id = %(tenant_id)s and id = %(id)s for update;

-- name: open_plans
-- Drains and plans that were cut off: their receipts may not have been projected.
select id, job_id, kind, cause from sync_plan
where tenant_id = %(tenant_id)s and state = 'applying' order by id;

-- name: advance
-- The watermark, behind everything that was applied.
update sync_job set watermark = %(position)s, state_reason = null where tenant_id = %(tenant_id)s and id = %(id)s;

-- name: pass_over
update sync_job set watermark = %(position)s
where tenant_id = %(tenant_id)s and id = any (%(jobs)s::uuid[]) and watermark < %(position)s;

-- name: add_runs
-- One run per cause; a second drain of the same cause adds to it.
insert into sync_run (tenant_id, id, job_id, cause, kind, state, error, started_at, ended_at, seconds, plans,
                      created, updated, deleted, restored, skipped, failed)
select %(tenant_id)s, r.id, %(job_id)s, r.cause, %(kind)s, 'Running', null, %(at)s, null, 0, %(plans)s::uuid[],
       0, 0, 0, 0, 0, 0
from unnest(%(ids)s::uuid[], %(causes)s::uuid[]) r(id, cause) order by r.cause
on conflict (tenant_id, job_id, cause) do update set state = 'Running', error = null,
  plans = case when sync_run.plans @> excluded.plans then sync_run.plans else sync_run.plans || excluded.plans end
returning cause, id;

-- name: count_runs
-- Locked in order of ids: two pages of one drain count in the same runs.
with locked as (
  select id from sync_run where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]) order by id for update
)
update sync_run r set created = r.created + f.created, updated = r.updated + f.updated, deleted = r.deleted + f.deleted,
  restored = r.restored + f.restored, skipped = r.skipped + f.skipped, failed = r.failed + f.failed,
  seconds = r.seconds + %(seconds)s
from unnest(%(ids)s::uuid[], %(created)s::bigint[], %(updated)s::bigint[], %(deleted)s::bigint[], %(restored)s::bigint[],
            %(skipped)s::bigint[], %(failed)s::bigint[]) f(id, created, updated, deleted, restored, skipped, failed)
join locked l on l.id = f.id
where r.tenant_id = %(tenant_id)s and r.id = f.id;

-- name: end_run
update sync_run set ended_at = %(at)s, error = %(error)s,
  state = case when %(state)s = 'Succeeded' and failed > 0 then 'EntryLevelErrors' else %(state)s end
where tenant_id = %(tenant_id)s and id = any (%(ids)s);

-- name: running_runs
-- Runs of drains that have not ended; whoever holds the claim ends them.
select id, job_id, cause from sync_run
where tenant_id = %(tenant_id)s and state = 'Running' and kind in ('initial', 'incremental', 'allowed');

-- name: last_runs
-- The newest run of each job.
select distinct on (job_id) id, job_id, cause, state, error, started_at, ended_at, seconds,
       created, updated, deleted, restored, skipped, failed
from sync_run where tenant_id = %(tenant_id)s order by job_id, id desc;

-- name: log
-- The provisioning log, newest first.
select plan_id, step, job_id, run_id, source_id, target_id, action, status, code, changed, before, after, at,
       kind, details
from provisioning_log
where tenant_id = %(tenant_id)s and (%(job_id)s::uuid is null or job_id = %(job_id)s)
  and (%(source_id)s::uuid is null or source_id = %(source_id)s)
  and (plan_id, step) < (%(before_plan)s, %(before_step)s)
order by plan_id desc, step desc limit %(at_most)s;

-- name: logged_steps
-- Which steps of a plan does the log hold already?
select step from provisioning_log
where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step > %(after)s and step <= %(up_to)s;

-- name: project_log
-- Projected from receipts; repeating it changes nothing.
insert into provisioning_log (tenant_id, plan_id, step, job_id, run_id, source_id, target_id, action, status, code,
                              changed, before, after, at, kind, details)
select %(tenant_id)s, plan_id, step, job_id, run_id, source_id, target_id, action, status, code, changed,
       before::text[], after::text[], %(at)s, kind, details
from staged_log order by plan_id, step
on conflict do nothing;

-- name: project_links
-- The link follows the newest step; who failed is in escrow, and keeps her link.
-- Of two plans beside each other (a drain's and one person's) the later write there counts, whichever began first.
insert into sync_object (tenant_id, job_id, source_id, kind, target_id, state, plan_id, step, target_version)
select distinct on (job_id, source_id) %(tenant_id)s, job_id, source_id, coalesce(kind, 'user'), target_id,
       case when action in (3, 6) then 'deleted' else 'linked' end, plan_id, step, target_version
from staged_log where status = 0 order by job_id, source_id, plan_id desc, step desc
on conflict (tenant_id, job_id, source_id) do update set
  target_id = coalesce(excluded.target_id, sync_object.target_id), state = excluded.state,
  plan_id = excluded.plan_id, step = excluded.step, target_version = excluded.target_version
where case
  when sync_object.target_id = excluded.target_id and sync_object.target_version <> excluded.target_version
    then sync_object.target_version < excluded.target_version
  else (sync_object.plan_id, sync_object.step) < (excluded.plan_id, excluded.step) end;

-- name: load_interests
-- What wakes the tenant's drain: attributes that its running jobs read, and groups, if one of them syncs groups.
select coalesce(bit_or(read_bits), 0), coalesce(bool_or(groups), false), coalesce(bool_or(for_later_tenants), false)
from sync_job where tenant_id = %(tenant_id)s and state in ('Active', 'Quarantine') having count(*) > 0;

-- name: waiting_reports
-- Who waits for these managers?
select source_id, related_id from sync_reference
where tenant_id = %(tenant_id)s and job_id = %(job_id)s and related_id = any (%(ids)s::uuid[]);

-- name: waiting_and_failed
-- Does anybody of the job wait for a manager, is anybody in escrow?
select exists (select from sync_reference where tenant_id = %(tenant_id)s and job_id = %(job_id)s),
       exists (select from sync_escrow where tenant_id = %(tenant_id)s and job_id = %(job_id)s);

-- name: drop_references
delete from sync_reference where tenant_id = %(tenant_id)s and job_id = %(job_id)s and source_id = any (%(ids)s::uuid[]);

-- name: add_references
insert into sync_reference (tenant_id, job_id, source_id, related_id)
select %(tenant_id)s, %(job_id)s, w.source_id, w.related_id
from unnest(%(ids)s::uuid[], %(managers)s::uuid[]) as w (source_id, related_id)
on conflict (tenant_id, job_id, source_id) do update set related_id = excluded.related_id;

-- name: has_active_job
-- Is there a job that runs? Otherwise nothing needs to wake.
select exists (select from sync_job where tenant_id = %(tenant_id)s and state in ('Active', 'Quarantine'));

-- name: present
-- Target: the accounts that stand for these home identities, soft-deleted ones included.
select found.* from unnest(%(ids)s::uuid[]) as wanted (id) cross join lateral (
  select id, version,
         display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
         account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
         company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
         business_phone, mobile_phone, manager_id, extensions,
         home_user_id, deleted_by, external_user_state, disabled_by_sync
  from users
  where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s and home_user_id = wanted.id and purged_at is null
  limit 1
) as found;

-- name: present_by_upn
-- Target: living accounts under these names: somebody else's, or a guest whose home was not known. One look
-- for all names: where statistics are missing, a probe for each would read the whole tenant each time.
select id, version,
       display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
       account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
       company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
       business_phone, mobile_phone, manager_id, extensions,
       home_user_id, deleted_by, external_user_state, disabled_by_sync, creation_type is not null and home_user_id is null, upn_key
from users where tenant_id = %(tenant_id)s and upn_key = any (%(keys)s::text[]) and deleted_at is null;

-- name: accounts_by_mail
-- Target: living accounts with these mails: are they the tenant's own, guests who have not redeemed, of the source?
select id, mail_key, creation_type is null, creation_type is not null and home_user_id is null
         and (home_tenant_id is null or home_tenant_id = %(source)s),
       home_tenant_id is not null and home_tenant_id = %(source)s
from users where tenant_id = %(tenant_id)s and mail_key = any (%(keys)s::text[]) and deleted_at is null;

-- name: present_by_id
-- Target: accounts by their own ids.
select id, version,
       display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
       account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
       company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
       business_phone, mobile_phone, manager_id, extensions,
       home_user_id, deleted_by, external_user_state, disabled_by_sync
from users where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]);

-- name: create_staged
-- Target: new accounts, redeemed, in key order. Whoever came to stand there meanwhile is decided again.
insert into users (
  tenant_id, id, version,
  display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
  account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
  company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions,
  upn_key, mail_key, given_key, surname_key, name_key,
  creation_type, external_user_state, external_state_at, home_tenant_id, home_user_id, created_at)
select %(tenant_id)s, id, 1,
  display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
  account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
  company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, manager_id, extensions,
  upn_key, mail_key, given_key, surname_key, name_key,
  'Invitation', 'Accepted', %(at)s, %(source)s, source_id, %(at)s
from staged_sync where action = 1 order by id
on conflict on constraint users_home_unique do nothing
returning id;

-- name: update_staged
-- Target: accounts brought in line, adopted or restored; only at the version they were planned on.
update users u set version = u.version + 1, deleted_at = null, deleted_by = null,
  home_tenant_id = %(source)s, home_user_id = s.source_id,
  external_state_at = case when u.external_user_state = 'Accepted' then u.external_state_at else %(at)s end,
  external_user_state = 'Accepted', creation_type = 'Invitation',
  display_name = s.display_name, given_name = s.given_name, surname = s.surname, mail_nickname = s.mail_nickname,
  user_principal_name = s.user_principal_name, mail = s.mail, user_type = s.user_type, account_enabled = s.account_enabled,
  disabled_by_sync = case when s.account_enabled then null when u.account_enabled then true else u.disabled_by_sync end,
  show_in_address_list = s.show_in_address_list, street_address = s.street_address, city = s.city, state = s.state,
  postal_code = s.postal_code, country = s.country, company_name = s.company_name, department = s.department,
  employee_id = s.employee_id, job_title = s.job_title, office_location = s.office_location, preferred_language = s.preferred_language,
  usage_location = s.usage_location, business_phone = s.business_phone, mobile_phone = s.mobile_phone, manager_id = s.manager_id,
  extensions = s.extensions,
  upn_key = s.upn_key, mail_key = s.mail_key, given_key = s.given_key, surname_key = s.surname_key,
  name_key = s.name_key
from staged_sync s
where u.tenant_id = %(tenant_id)s and u.id = s.id and u.version = s.version and s.action in (2, 4, 5) and s.changed <> 0
returning u.id;

-- name: confirm_staged
-- Target: accounts that are only linked; nothing changes, but they must still be what was seen.
select u.id from users u join staged_sync s on u.id = s.id
where u.tenant_id = %(tenant_id)s and u.version = s.version and s.action = 5 and s.changed = 0;

-- name: delete_staged
-- Target: accounts moved to the recycle bin.
update users u set version = u.version + 1, deleted_at = %(at)s, deleted_by = 'sync'
from staged_sync s
where u.tenant_id = %(tenant_id)s and u.id = s.id and u.version = s.version and s.action = 3 and u.deleted_at is null
returning u.id;

-- name: receipts_staged
-- Target: one receipt per applied step. A creation's values are those of the row itself.
insert into sync_receipt (tenant_id, plan_id, step, source_tenant_id, job_id, source_id, target_id, action,
                          before, after, changed, version_after, at, cause)
select %(tenant_id)s, %(plan_id)s, step, %(source)s, %(job_id)s, source_id, id, action, before::text[],
       case when action = 1 then array[
         display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
         account_enabled::text, show_in_address_list::text, street_address, city, state, postal_code, country,
         company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
         business_phone, mobile_phone, manager_id::text, extensions::text]
       else after::text[] end,
       changed, version + case when changed = 0 then 0 else 1 end, %(at)s, cause
from staged_sync where not step = any (%(left_out)s)
order by step;

-- name: undo_staged
-- Target: former values and states, only where nobody has written since. 5 links again, 6 unlinks.
update users u set version = u.version + 1,
  deleted_at = case s.action when 3 then %(at)s when 4 then null else u.deleted_at end,
  deleted_by = case s.action when 3 then 'sync' when 4 then null else u.deleted_by end,
  home_tenant_id = case when s.changed & %(home)s = 0 then u.home_tenant_id when s.action = 5 then %(source)s end,
  home_user_id = case when s.changed & %(home)s = 0 then u.home_user_id when s.action = 5 then s.source_id end,
  external_state_at = case when s.changed & %(invitation)s = 0 then u.external_state_at else %(at)s end,
  external_user_state = case when s.changed & %(invitation)s = 0 then u.external_user_state
                             when u.external_user_state = 'Accepted' then 'PendingAcceptance' else 'Accepted' end,
  display_name = s.display_name, given_name = s.given_name, surname = s.surname, mail_nickname = s.mail_nickname,
  user_principal_name = s.user_principal_name, mail = s.mail, user_type = s.user_type, account_enabled = s.account_enabled,
  disabled_by_sync = case when s.account_enabled then null when u.account_enabled then true else u.disabled_by_sync end,
  show_in_address_list = s.show_in_address_list, street_address = s.street_address, city = s.city, state = s.state,
  postal_code = s.postal_code, country = s.country, company_name = s.company_name, department = s.department,
  employee_id = s.employee_id, job_title = s.job_title, office_location = s.office_location, preferred_language = s.preferred_language,
  usage_location = s.usage_location, business_phone = s.business_phone, mobile_phone = s.mobile_phone, manager_id = s.manager_id,
  extensions = s.extensions,
  upn_key = s.upn_key, mail_key = s.mail_key, given_key = s.given_key, surname_key = s.surname_key,
  name_key = s.name_key
from staged_sync s
where u.tenant_id = %(tenant_id)s and u.id = s.id and u.version = s.version and s.changed <> 0
returning u.id;

-- name: undo_confirm_staged
-- Target: accounts that are only linked or unlinked; they must still be what was seen.
select u.id from users u join staged_sync s on u.id = s.id
where u.tenant_id = %(tenant_id)s and u.version = s.version and s.changed = 0;

-- name: receipts_of_run
-- Target: what a run did, in the order in which it did it. A run writes in the plans that it names.
select plan_id, step, job_id, source_id, target_id, action, changed, before, after, version_after, cause, kind
from sync_receipt
where tenant_id = %(tenant_id)s and plan_id = any (%(plans)s::uuid[]) and cause = %(cause)s
  and (plan_id, step) > (%(after_plan)s, %(after_step)s)
order by plan_id, step limit %(at_most)s;

-- name: receipts_of_run_on
-- Target: what a run did to these accounts, in order.
select plan_id, step, job_id, source_id, target_id, action, changed, before, after, version_after, cause, kind
from sync_receipt
where tenant_id = %(tenant_id)s and target_id = any (%(ids)s::uuid[]) and plan_id = any (%(plans)s::uuid[])
  and cause = %(cause)s
order by target_id, plan_id, step;

-- name: receipts_of_plan
-- Target: what a plan applied, for a projection that was cut off.
select plan_id, step, job_id, source_id, target_id, action, changed, before, after, version_after, cause, kind
from sync_receipt where tenant_id = %(tenant_id)s and plan_id = %(plan_id)s and step > %(after)s
order by step limit %(at_most)s;
