-- People who are new, many at once, as COPY text. Statements on the source run in the source's transactions, those
-- marked "target" in the target's. The columns behind `manager_id` are those of `model.TAIL`, in its order.

-- name: noted
-- Which of these people do the books of these jobs know, whatever became of them?
select distinct i.id::text
from unnest(%(jobs)s::uuid[]) j (id) cross join unnest(%(ids)s::uuid[]) i (id)
cross join lateral (
  select from sync_object where tenant_id = %(tenant_id)s and job_id = j.id and source_id = i.id limit 1
) o;

-- name: in_scope
-- Who of the page is offered by which job, as one text per job; who as in the statement for single people.
select s.job_id, string_agg(s.id::text, ',') from (
  select a.job_id, a.principal_id as id from sync_assignment a
  where a.tenant_id = %(tenant_id)s and a.job_id = any (%(jobs)s::uuid[]) and a.principal_id = any (%(ids)s::uuid[])
    and a.principal_kind = 'user'
  union all
  select a.job_id, m.member_id
  from group_member m
  join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null and g.security_enabled
  join sync_assignment a on a.tenant_id = m.tenant_id and a.principal_id = m.group_id and a.job_id = any (%(jobs)s::uuid[])
    and a.principal_kind = 'group'
  where m.tenant_id = %(tenant_id)s and m.member_id = any (%(ids)s::uuid[]) and m.member_kind = 'user'
) s group by s.job_id;

-- name: people
-- A page of people: what decides first, then what an account elsewhere takes of them, ready for COPY.
copy (
  select id, user_type, account_enabled, creation_type is not null, deleted_at is not null,
    greatest(octet_length(display_name), octet_length(given_name), octet_length(surname), octet_length(mail_nickname),
      octet_length(mail), octet_length(street_address), octet_length(city), octet_length(state), octet_length(postal_code),
      octet_length(country), octet_length(company_name), octet_length(department), octet_length(employee_id),
      octet_length(job_title), octet_length(office_location), octet_length(preferred_language),
      octet_length(usage_location), octet_length(business_phone), octet_length(mobile_phone),
      octet_length(user_principal_name)) <= %(longest)s,
    user_principal_name, mail_key,
    case when %(takes_manager_id)s then manager_id end,
    display_name, given_name, surname,
    case when %(takes_mail_nickname)s then mail_nickname else %(mail_nickname)s end,
    mail, %(user_type)s,
    case when %(takes_account_enabled)s then account_enabled else %(account_enabled)s end,
    case when %(takes_show_in_address_list)s then show_in_address_list else %(show_in_address_list)s end,
    case when %(takes_street_address)s then street_address else %(street_address)s end,
    case when %(takes_city)s then city else %(city)s end,
    case when %(takes_state)s then state else %(state)s end,
    case when %(takes_postal_code)s then postal_code else %(postal_code)s end,
    case when %(takes_country)s then country else %(country)s end,
    case when %(takes_company_name)s then company_name else %(company_name)s end,
    case when %(takes_department)s then department else %(department)s end,
    case when %(takes_employee_id)s then employee_id else %(employee_id)s end,
    case when %(takes_job_title)s then job_title else %(job_title)s end,
    case when %(takes_office_location)s then office_location else %(office_location)s end,
    case when %(takes_preferred_language)s then preferred_language else %(preferred_language)s end,
    case when %(takes_usage_location)s then usage_location else %(usage_location)s end,
    case when %(takes_business_phone)s then business_phone else %(business_phone)s end,
    case when %(takes_mobile_phone)s then mobile_phone else %(mobile_phone)s end,
    mail_key, given_key, surname_key, name_key
  from users where tenant_id = %(tenant_id)s and id = any (%(ids)s::uuid[]) order by id
) to stdout;

-- name: managers
-- Where these managers stand in the targets of these jobs.
select j.id, i.id::text, o.target_id::text
from unnest(%(jobs)s::uuid[]) j (id) cross join unnest(%(ids)s::uuid[]) i (id)
cross join lateral (
  select target_id, state from sync_object
  where tenant_id = %(tenant_id)s and job_id = j.id and source_id = i.id limit 1
) o where o.state = 'linked';

-- name: met
-- Target: who of them stands there already, and whose name or mail somebody has. One probe for each home identity,
-- one look for all names and one for all mails, for the reasons given at the statements for single people.
select 'home', found.home_user_id::text
from unnest(%(ids)s::uuid[]) as wanted (id) cross join lateral (
  select home_user_id from users
  where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s and home_user_id = wanted.id limit 1
) as found
union all
select 'name', upn_key from users
where tenant_id = %(tenant_id)s and upn_key = any (%(names)s::text[]) and deleted_at is null
union all
select 'mail', mail_key from users
where tenant_id = %(tenant_id)s and mail_key = any (%(mails)s::text[]) and deleted_at is null;

-- name: create
-- Target: new accounts, redeemed, in the order in which they were staged: that of their keys.
insert into users (
  tenant_id, id, version, user_principal_name, upn_key, manager_id,
  display_name, given_name, surname, mail_nickname, mail, user_type,
  account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
  company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, mail_key, given_key, surname_key, name_key,
  creation_type, external_user_state, external_state_at, home_tenant_id, home_user_id, created_at)
select %(tenant_id)s, id, 1, user_principal_name, upn_key, manager_id,
  display_name, given_name, surname, mail_nickname, mail, user_type,
  account_enabled, show_in_address_list, street_address, city, state, postal_code, country,
  company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
  business_phone, mobile_phone, mail_key, given_key, surname_key, name_key,
  'Invitation', 'Accepted', %(at)s, %(source)s, source_id, %(at)s
from staged_newcomers;

-- name: receipts
-- Target: one receipt per account.
insert into sync_receipt (tenant_id, plan_id, step, source_tenant_id, job_id, source_id, target_id, action,
                          after, changed, version_after, at, cause)
select %(tenant_id)s, %(plan_id)s, step, %(source)s, %(job_id)s, source_id, id, 1,
       array[
         display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
         account_enabled::text, show_in_address_list::text, street_address, city, state, postal_code, country,
         company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
         business_phone, mobile_phone, manager_id::text, null],
       %(changed)s, 1, %(at)s, %(cause)s
from staged_newcomers;

-- name: log
-- What was done for them. Nobody else writes these lines: whoever was cut off has receipts, which are projected by keys.
insert into provisioning_log (tenant_id, plan_id, step, job_id, run_id, source_id, target_id, action, status,
                              changed, after, at, details)
select %(tenant_id)s, %(plan_id)s, step, %(job_id)s, %(run_id)s, source_id, id, 1, 0, %(changed)s,
       array[
         display_name, given_name, surname, mail_nickname, user_principal_name, mail, user_type,
         account_enabled::text, show_in_address_list::text, street_address, city, state, postal_code, country,
         company_name, department, employee_id, job_title, office_location, preferred_language, usage_location,
         business_phone, mobile_phone, manager_id::text, null],
       %(at)s,
       case when source_id = any (%(waiting)s::uuid[]) then '{"manager": "waiting"}'::jsonb end
from staged_newcomers;

-- name: links
-- Their links. Whoever was linked meanwhile makes this fail; then the receipts are projected one by one.
insert into sync_object (tenant_id, job_id, source_id, kind, target_id, state, plan_id, step, target_version)
select %(tenant_id)s, %(job_id)s, source_id, 'user', id, 'linked', %(plan_id)s, step, 1
from staged_newcomers;
