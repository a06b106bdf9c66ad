-- Configuration, policies and assignments of one tenant. What a decision reads stands in
-- db/crossings/decision.py, since it reads both sides.

-- name: lock_shared
-- Keys come sorted, and unnest keeps their order: everybody locks in the same one.
select pg_advisory_xact_lock_shared(k.key) from unnest(%(keys)s::bigint[]) as k (key);

-- name: lock_exclusive
select pg_advisory_xact_lock(%(key)s::bigint);

-- name: raise_version
insert into access_state as a (tenant_id, access_version) values (%(tenant_id)s, 1)
on conflict (tenant_id) do update set access_version = a.access_version + 1;

-- name: version
select access_version from access_state where tenant_id = %(tenant_id)s;

-- name: add_configuration
-- The row is made by the first change; until then a tenant behaves as shipped. The insert also makes
-- two first changes at once wait for each other.
insert into tenant_configuration (
  tenant_id, allow_federated_users, domain_mode, block_all_subdomains, allow_teams_consumer,
  allow_teams_consumer_inbound, restrict_consumer_to_directory, trial_tenants, customize_federation,
  security_team_delegation, restrict_chat_participants, mutual_chat_participants, partners_unverified,
  shared_sip_address_space, block_external_users, version)
values (
  %(tenant_id)s, %(allow_federated_users)s, %(domain_mode)s, %(block_all_subdomains)s, %(allow_teams_consumer)s,
  %(allow_teams_consumer_inbound)s, %(restrict_consumer_to_directory)s, %(trial_tenants)s, %(customize_federation)s,
  %(security_team_delegation)s, %(restrict_chat_participants)s, %(mutual_chat_participants)s, %(partners_unverified)s,
  %(shared_sip_address_space)s, false, 1)
on conflict (tenant_id) do nothing;

-- name: lock_configuration
-- Two changes at once wait for each other: each reads what it changes.
select version from tenant_configuration where tenant_id = %(tenant_id)s for update;

-- name: configuration
select to_jsonb(c) from tenant_configuration c where c.tenant_id = %(tenant_id)s;

-- name: save_configuration
update tenant_configuration
set allow_federated_users = %(allow_federated_users)s, domain_mode = %(domain_mode)s,
    block_all_subdomains = %(block_all_subdomains)s, allow_teams_consumer = %(allow_teams_consumer)s,
    allow_teams_consumer_inbound = %(allow_teams_consumer_inbound)s,
    restrict_consumer_to_directory = %(restrict_consumer_to_directory)s, trial_tenants = %(trial_tenants)s,
    customize_federation = %(customize_federation)s, security_team_delegation = %(security_team_delegation)s,
    restrict_chat_participants = %(restrict_chat_participants)s,
    mutual_chat_participants = %(mutual_chat_participants)s, partners_unverified = %(partners_unverified)s,
    shared_sip_address_space = %(shared_sip_address_space)s, version = version + 1
where tenant_id = %(tenant_id)s;

-- name: save_blocked_in_force
update tenant_configuration set block_external_users = %(in_force)s, version = version + 1
where tenant_id = %(tenant_id)s;

-- name: domains
-- The domain lists of the configuration (owner '') or of one policy.
select list, domain from access_domain where tenant_id = %(tenant_id)s and owner = %(owner)s;

-- name: policy_domains
-- The domain lists of all policies.
select owner, list, domain from access_domain where tenant_id = %(tenant_id)s and owner > '';

-- name: add_domains
insert into access_domain (tenant_id, owner, list, domain)
select %(tenant_id)s, %(owner)s, %(list)s, d.domain from unnest(%(domains)s::text[]) as d (domain) order by d.domain
on conflict do nothing;

-- name: remove_domains
delete from access_domain
where tenant_id = %(tenant_id)s and owner = %(owner)s and list = %(list)s and domain = any (%(domains)s::text[]);

-- name: remove_all_domains
delete from access_domain where tenant_id = %(tenant_id)s and owner = %(owner)s;

-- name: blocked_individuals
select address_key from blocked_individual where tenant_id = %(tenant_id)s;

-- name: add_blocked_individuals
insert into blocked_individual (tenant_id, address_key)
select %(tenant_id)s, a.key from unnest(%(keys)s::text[]) as a (key) order by a.key
on conflict do nothing;

-- name: remove_blocked_individuals
delete from blocked_individual where tenant_id = %(tenant_id)s and address_key = any (%(keys)s::text[]);

-- name: policies
-- All policies, Global first, then by name.
select to_jsonb(p) from access_policy p where p.tenant_id = %(tenant_id)s order by (p.name_key <> 'global'), p.name_key;

-- name: policy
select to_jsonb(p) from access_policy p where p.tenant_id = %(tenant_id)s and p.name_key = %(name_key)s;

-- name: policy_names
select name_key, name from access_policy where tenant_id = %(tenant_id)s and name_key = any (%(keys)s::text[]);

-- name: lock_policy
-- Two changes at once wait for each other: each reads what it changes.
select version from access_policy where tenant_id = %(tenant_id)s and name_key = %(name_key)s for update;

-- name: hold_policy
-- The policy stays while this transaction gives it to somebody.
select true from access_policy where tenant_id = %(tenant_id)s and name_key = %(name_key)s for key share;

-- name: add_policy
insert into access_policy (
  tenant_id, name, name_key, description, enable_federation_access, communication_with_external_orgs,
  enable_consumer_access, enable_consumer_inbound, restrict_consumer_to_directory, federated_bilateral_chats,
  stored_only, version)
values (
  %(tenant_id)s, %(name)s, %(name_key)s, %(description)s, %(enable_federation_access)s,
  %(communication_with_external_orgs)s, %(enable_consumer_access)s, %(enable_consumer_inbound)s,
  %(restrict_consumer_to_directory)s, %(federated_bilateral_chats)s, %(stored_only)s, 1)
on conflict (tenant_id, name_key) do nothing;

-- name: save_policy
update access_policy
set description = %(description)s, enable_federation_access = %(enable_federation_access)s,
    communication_with_external_orgs = %(communication_with_external_orgs)s,
    enable_consumer_access = %(enable_consumer_access)s, enable_consumer_inbound = %(enable_consumer_inbound)s,
    restrict_consumer_to_directory = %(restrict_consumer_to_directory)s,
    federated_bilateral_chats = %(federated_bilateral_chats)s, stored_only = %(stored_only)s, version = version + 1
where tenant_id = %(tenant_id)s and name_key = %(name_key)s;

-- name: remove_policy
delete from access_policy where tenant_id = %(tenant_id)s and name_key = %(name_key)s;

-- name: granted_policy
-- The name of a person's directly assigned policy.
select p.name from access_policy_user g
join access_policy p on p.tenant_id = %(tenant_id)s and p.name_key = g.policy_key
where g.tenant_id = %(tenant_id)s and g.user_id = %(user_id)s;

-- name: grant_policy
insert into access_policy_user (tenant_id, user_id, policy_key, granted_at)
values (%(tenant_id)s, %(user_id)s, %(policy_key)s, %(at)s)
on conflict (tenant_id, user_id) do update set policy_key = excluded.policy_key, granted_at = excluded.granted_at;

-- name: ungrant_policy
delete from access_policy_user where tenant_id = %(tenant_id)s and user_id = any (%(user_ids)s);

-- name: count_granted
select count(*) from access_policy_user where tenant_id = %(tenant_id)s and policy_key = %(name_key)s;

-- name: ungrant_everybody
delete from access_policy_user where tenant_id = %(tenant_id)s and policy_key = %(name_key)s returning user_id;

-- name: home_of
-- Whom a living, enabled B2B account stands for.
select home_tenant_id, home_user_id from users
where tenant_id = %(tenant_id)s and id = %(user_id)s and creation_type is not null and home_user_id is not null
  and account_enabled and deleted_at is null;

-- name: is_own_user
-- Policies go to living accounts of the tenant's own.
select true from users
where tenant_id = %(tenant_id)s and id = %(user_id)s and creation_type is null and deleted_at is null;

-- name: add_contact
insert into directory_contact (tenant_id, user_id, added_at) values (%(tenant_id)s, %(user_id)s, %(at)s)
on conflict do nothing;

-- name: remove_contact
delete from directory_contact where tenant_id = %(tenant_id)s and user_id = %(user_id)s;

-- name: contacts
select user_id, added_at from directory_contact
where tenant_id = %(tenant_id)s and user_id > %(after)s order by user_id limit %(at_most)s;
