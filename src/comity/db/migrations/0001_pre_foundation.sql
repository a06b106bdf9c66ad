-- The foundation: tenants and people, sharing, search, decision, chat.
--
-- Every table stands in db/tables.toml with its class, owner room, retention and whether it holds
-- personal data; a test walks the catalogue and compares. The distribution key comes first in every
-- primary key (design D3). Row-level security is enabled and forced on every table (design D4).
-- No time defaults and no clock in SQL: times are arguments (design §4.10).

-- ── Who is asking ────────────────────────────────────────────────────────────────────────────────

-- The transaction's tenant. Unset is an error, never an empty result.
create function comity_tenant() returns uuid language sql stable parallel safe
as $$ select current_setting('comity.tenant')::uuid $$;

-- The transaction's person, or null; opens a personal account's own rows and nobody else's.
create function comity_person() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('comity.person', true), '')::uuid $$;

-- Rows of one tenant. In the personal realm there is no "tenant" to share with: rows are visible to
-- the person named in `person_column` only (design §4.9); tables without such a column hold no
-- personal-realm rows at all.
create procedure protect_tenant_table(table_name regclass, person_column name default null) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('alter table %s force row level security', table_name);
  if person_column is null then
    execute format($p$create policy same_tenant on %s
      using (tenant_id = comity_tenant() and tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)$p$, table_name);
  else
    execute format($p$create policy same_tenant on %s
      using (tenant_id = comity_tenant()
             and (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid or %I = comity_person()))$p$,
      table_name, person_column);
  end if;
  execute format('grant select, insert, update, delete on %s to comity_app', table_name);
end $$;

-- Rows of the installation: the application role has no rights on the table, only on named functions
-- that run as the owner.
create procedure protect_installation_table(table_name regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('alter table %s force row level security', table_name);
  execute format('create policy owner_functions on %s to comity_owner using (true)', table_name);
end $$;

-- ── Installation ─────────────────────────────────────────────────────────────────────────────────

create table installation (
  id                      smallint primary key constraint installation_single check (id = 1), -- one row, so that a lock on it is the installation's
  created_at              timestamptz not null,
  oldest_code             integer not null,        -- schema number that the oldest admissible code knows
  clock_offset_s          double precision not null,
  consumer_available_from timestamptz,             -- chat with personal accounts; null = at once
  version                 bigint not null
);
call protect_installation_table('installation');

create table tenant (
  tenant_id      uuid primary key,
  name           text not null,
  name_key       text collate "C" not null,
  kind           text not null constraint tenant_kind check (kind in ('business', 'personal')),
  initial_domain text collate "C" not null,
  cloud          text not null constraint tenant_cloud check (cloud in ('commercial', 'gcc', 'gcchigh', 'dod')),
  trial          boolean not null,
  country        text,
  created_at     timestamptz not null,
  version        bigint not null,
  -- There is one personal realm, and official clients know it by this id.
  constraint tenant_personal_realm check ((kind = 'personal') = (tenant_id = '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid))
);
-- A tenant is named on the command line by its name.
create index tenant_by_name on tenant (name_key);
call protect_installation_table('tenant');

create table domain (
  domain     text collate "C" primary key,         -- IDNA, lower case; one owner per installation
  tenant_id  uuid not null constraint domain_tenant references tenant, -- a domain leads to a tenant that is there
  is_default boolean not null,
  is_initial boolean not null,
  added_at   timestamptz not null
);
-- "Which domains are ours?", asked by each check of an address.
create index domain_by_tenant on domain (tenant_id);
-- Exactly one default and one initial domain per tenant at most.
create unique index domain_one_default on domain (tenant_id) where is_default;
create unique index domain_one_initial on domain (tenant_id) where is_initial;
call protect_installation_table('domain');

-- Which home identity answers to an address. Not unique: one mail may own a work and a personal
-- account, and a phone number several personal ones (external-access §10).
create table address (
  address_key text collate "C" not null,           -- folded mail or E.164 number
  kind        text not null constraint address_kind check (kind in ('mail', 'upn', 'phone')),
  tenant_id   uuid not null,
  user_id     uuid not null,
  constraint address_pkey primary key (address_key, kind, tenant_id, user_id)
);
-- Addresses are replaced person by person.
create index address_by_user on address (tenant_id, user_id);
call protect_installation_table('address');

-- Where an application is registered. Application ids differ across the installation, so that a client
-- can be named by its id alone where no tenant is named: at the sign-in of personal accounts.
create table application_home (
  app_id    uuid primary key,
  tenant_id uuid not null
);
call protect_installation_table('application_home');

-- What is due, and when. One row per standing order: a second wake-up only moves it earlier. The order's
-- time is the business clock's, so that a lab that moves its clock brings schedules forward; leases and
-- spacing are the machine clock's, which never moves (design §4.10).
create table due (
  kind         text collate "C" not null,
  tenant_id    uuid not null,
  key          uuid not null,
  due_at       timestamptz,                        -- null: in work with nothing new, or resting until not_before
  not_before   timestamptz,                        -- machine clock: spacing between two runs (design D8), or backoff
  leased_until timestamptz,                        -- machine clock: promised to somebody until then
  taken_by     uuid,                               -- the run at work; null while it waits in the queue
  attempts     integer not null,                   -- runs since the last success
  cause        uuid,
  constraint due_pkey primary key (kind, tenant_id, key)
);
-- The tick reads what is due next.
create index due_next on due (due_at);
call protect_installation_table('due');

create table signing_key (
  kid          text collate "C" primary key,
  state        text not null constraint signing_key_state check (state in ('next', 'current', 'retired')),
  public_jwk   text not null,
  sealed_key   bytea not null,                     -- private key, sealed with the key outside the database
  created_at   timestamptz not null,
  activated_at timestamptz,
  retired_at   timestamptz
);
-- One key signs, one is published ahead of its use.
create unique index signing_key_one_current on signing_key (state) where state = 'current';
create unique index signing_key_one_next on signing_key (state) where state = 'next';
call protect_installation_table('signing_key');

-- A device without a keyboard waits for somebody to sign in elsewhere; no tenant is known before that.
create table device_request (
  id         uuid primary key,
  user_code  text collate "C" not null,
  app_id     uuid not null,
  authority  text not null,                        -- as the device named it: a tenant's id, or one of Entra's words
  scopes     text[] not null,
  state      text not null constraint device_request_state check (state in ('pending', 'approved', 'declined')),
  interval_s integer not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  polled_at  timestamptz,
  for_tenant uuid,                                 -- whose grant the device gets
  for_user   uuid,
  for_grant  uuid
);
-- Somebody types the code.
create unique index device_request_by_code on device_request (user_code);
-- Those that nobody came back for are removed as new ones come.
create index device_request_by_age on device_request (expires_at);
call protect_installation_table('device_request');

-- A personal account that is asked for; it comes into being when its mail address was confirmed.
create table registration (
  id            uuid primary key,
  mail          text not null,
  display_name  text not null,
  password_hash text not null,
  secret_sha256 bytea not null,
  created_at    timestamptz not null,
  expires_at    timestamptz not null
);
-- Those that nobody confirmed are removed as new ones come.
create index registration_by_age on registration (expires_at);
call protect_installation_table('registration');

-- How often somebody was wrong of late: by account name, or by address. Names are hashed, and counted
-- whether or not they exist, so that the answer gives nothing away.
create table sign_in_attempt (
  key      bytea primary key,
  failures integer not null,
  first_at timestamptz not null,
  last_at  timestamptz not null
);
-- Old ones are removed as new ones come.
create index sign_in_attempt_by_age on sign_in_attempt (last_at);
call protect_installation_table('sign_in_attempt');

create table installation_audit (
  id         uuid primary key,
  at         timestamptz not null,
  actor_kind text not null,
  actor_name text not null,
  action     text not null,
  before     jsonb,
  after      jsonb,
  reason     text,
  request_id uuid not null
);
call protect_installation_table('installation_audit');

-- ── Change feed (design §4.5) and audit ──────────────────────────────────────────────────────────

create table feed_counter (
  tenant_id uuid primary key,
  position  bigint not null,                       -- dense; taken by a transaction's last statement
  floor     bigint not null,                       -- readers below start over
  settled   bigint not null                        -- up to here flushed for certain: it survives the server
);
call protect_tenant_table('feed_counter');

create table feed_entry (
  tenant_id  uuid not null,
  position   bigint not null,
  kind       smallint not null,
  object_id  uuid not null,
  related_id uuid,                                 -- the member of a group, the principal of an assignment
  changed    bigint not null,                      -- bit set of attributes; never values
  cause      uuid,
  at         timestamptz not null,
  constraint feed_entry_pkey primary key (tenant_id, position)
);
-- What a tenant's own sync reads, without what others' sync wrote: the highest bit marks B2B identities. In a mesh
-- those are nearly all entries, and here they cost nothing.
create index feed_entry_own on feed_entry (tenant_id, position) where changed < 4611686018427387904;
call protect_tenant_table('feed_entry');

create table feed_cursor (
  tenant_id uuid not null,
  consumer  text collate "C" not null,
  position  bigint not null,
  version   bigint not null,
  constraint feed_cursor_pkey primary key (tenant_id, consumer)
);
call protect_tenant_table('feed_cursor');

create table audit_entry (
  tenant_id   uuid not null,
  id          uuid not null,
  at          timestamptz not null,
  actor_kind  text not null,
  actor_id    uuid,
  actor_name  text not null,
  action      text not null,
  object_kind text not null,
  object_id   uuid,
  before      jsonb,
  after       jsonb,
  reason      text,
  request_id  uuid not null,
  cause       uuid not null,
  constraint audit_entry_pkey primary key (tenant_id, id)
);
-- "What happened to this object?"
create index audit_entry_by_object on audit_entry (tenant_id, object_id, id);
-- "What was external access like on that day?": few of a tenant's entries, among many.
create index audit_entry_of_access on audit_entry (tenant_id, id)
  where object_kind in ('externalAccess', 'externalAccessPolicy', 'directoryContact', 'groupPolicy');
call protect_tenant_table('audit_entry');

-- A mail on its way: a code and its facts, which become words when it is sent; never sent inside a transaction.
create table mail (
  tenant_id  uuid not null,
  id         uuid not null,
  code       text not null,
  facts      jsonb not null,
  language   text not null,
  recipients text[] not null,
  state      text not null constraint mail_state check (state in ('waiting', 'sent', 'failed')),
  fault      text,                                 -- what the last attempt ran into
  created_at timestamptz not null,
  sent_at    timestamptz,
  constraint mail_pkey primary key (tenant_id, id)
);
-- In the personal realm a mail is nobody's but its own: whoever knows its id sends it.
call protect_tenant_table('mail', 'id');

-- ── Directory ────────────────────────────────────────────────────────────────────────────────────

create table users (
  tenant_id            uuid not null,
  id                   uuid not null,
  version              bigint not null,
  -- names
  display_name         text not null,
  given_name           text,
  surname              text,
  mail_nickname        text,
  user_principal_name  text not null,
  upn_key              text collate "C" not null,  -- folded; living people only must differ
  mail                 text,
  mail_key             text collate "C",
  -- what the account is
  user_type            text not null constraint users_user_type check (user_type in ('Member', 'Guest')),
  creation_type        text,
  external_user_state  text constraint users_external_state
                         check (external_user_state in ('PendingAcceptance', 'Accepted')),
  external_state_at    timestamptz,
  account_enabled      boolean not null,
  disabled_by_sync     boolean,                    -- a B2B user's: the partner's sync disabled it, nobody here
  show_in_address_list boolean not null,
  home_tenant_id       uuid,                       -- null: this is the person's own account
  home_user_id         uuid,                       -- null with a home tenant: pending guest
  -- attributes
  street_address       text,
  city                 text,
  state                text,
  postal_code          text,
  country              text,
  company_name         text,
  department           text,
  employee_id          text,
  job_title            text,
  office_location      text,
  preferred_language   text,
  usage_location       text,
  business_phone       text,
  mobile_phone         text,
  manager_id           uuid,
  extensions           jsonb,                      -- directory extensions by name; null: none
  -- stored keys for search and order (design §4.13)
  given_key            text collate "C" not null,
  surname_key          text collate "C" not null,
  name_key             text collate "C" not null,
  -- life
  created_at           timestamptz not null,
  deleted_at           timestamptz,
  deleted_by           text constraint users_deleted_by check (deleted_by in ('admin', 'sync', 'self')),
  purged_at            timestamptz,                -- tombstone: attributes are gone, the principal stays
  constraint users_pkey primary key (tenant_id, id),
  -- The pair of design §4.4: a person without her tenant is nobody.
  constraint users_home_pair check (home_user_id is null or home_tenant_id is not null),
  -- Who is at home here has an account, not a stand-in for one.
  constraint users_home_elsewhere check (home_tenant_id <> tenant_id),
  -- Deferrable, so that swaps and chains of renames pass (design §4.11).
  constraint users_upn_unique exclude using btree (tenant_id with =, upn_key with =)
    where (deleted_at is null) deferrable initially immediate,
  -- A person stands in a tenant once, living or soft-deleted (design §4.4).
  constraint users_home_unique unique (tenant_id, home_tenant_id, home_user_id)
);
-- Name search: both orders of the name, over visible people only, so that no row is read for nothing; the
-- tenant's own before those from elsewhere. Internal guests are found by nobody (people-search §2). The second
-- key is in the other collation of the same order: a range of it then reaches the index that it stands second
-- in, and cannot lure the planner into the other one, where it would lead.
create index users_by_given on users (tenant_id, (creation_type is not null), given_key, surname_key collate "POSIX", id)
  where deleted_at is null and account_enabled and show_in_address_list
    and (user_type = 'Member' or creation_type is not null);
-- The same by surname: half of all people are looked for by it.
create index users_by_surname on users (tenant_id, (creation_type is not null), surname_key, given_key collate "POSIX", id)
  where deleted_at is null and account_enabled and show_in_address_list
    and (user_type = 'Member' or creation_type is not null);
-- Lists in order of names, and names by their beginnings (Graph `$orderby`, `startsWith`).
create index users_by_name on users (tenant_id, name_key, id) where deleted_at is null;
-- Exact mail inside the tenant.
create index users_by_mail on users (tenant_id, mail_key) where deleted_at is null;
-- Recycle bin and its sweeper.
create index users_deleted on users (tenant_id, deleted_at) where deleted_at is not null;
call protect_tenant_table('users', 'id');

-- ── People search: words that the keys of a user do not reach. Written behind the feed, never with a user. ──

create table people_index (
  tenant_id   uuid primary key,
  rules       integer not null,                    -- by which rules the words were made; others: walk over everybody
  walked_to   uuid,                                -- how far such a walk has come
  stale_since timestamptz,                         -- since when the dictionary may hold words that nobody bears
  version     bigint not null
);
call protect_tenant_table('people_index');

create table person_word (
  tenant_id uuid not null,
  part      smallint not null,                     -- which part of the person it comes from
  word      text collate "C" not null,             -- folded
  user_id   uuid not null,
  constraint person_word_pkey primary key (tenant_id, part, word, user_id)
);
-- "Which words does this person have?": to change them, and to look whether other words match her too.
create index person_word_by_user on person_word (tenant_id, user_id);
call protect_tenant_table('person_word');

create table name_word (
  tenant_id uuid not null,
  word      text collate "C" not null,             -- a folded word of somebody's name
  constraint name_word_pkey primary key (tenant_id, word)
);
call protect_tenant_table('name_word');

create table name_variant (
  tenant_id uuid not null,
  variant   text collate "C" not null,             -- the word's beginning with up to two letters left out
  word      text collate "C" not null,
  constraint name_variant_pkey primary key (tenant_id, variant, word)
);
call protect_tenant_table('name_variant');

create table lookup_rate (
  tenant_id uuid not null,
  user_id   uuid not null,
  minute    timestamptz not null,                  -- by the machine's clock
  lookups   integer not null,
  constraint lookup_rate_pkey primary key (tenant_id, user_id)
);
call protect_tenant_table('lookup_rate', 'user_id');

create table groups (
  tenant_id        uuid not null,
  id               uuid not null,
  version          bigint not null,
  display_name     text not null,
  description      text,
  mail_nickname    text,
  security_enabled boolean not null,
  mail_enabled     boolean not null,
  name_key         text collate "C" not null,
  created_at       timestamptz not null,
  deleted_at       timestamptz,
  deleted_by       text constraint groups_deleted_by check (deleted_by in ('admin', 'sync')),
  home_tenant_id   uuid,                           -- null: a group of the tenant's own
  home_group_id    uuid,                           -- the group elsewhere that sync made this one for
  group_types      text[],                         -- `Unified`; null: a plain security group
  visibility       text,
  classification   text,
  constraint groups_pkey primary key (tenant_id, id),
  -- A group made by sync has both or neither.
  constraint groups_home_pair check ((home_group_id is null) = (home_tenant_id is null)),
  -- A group of another tenant stands here once, living or soft-deleted, whatever a drain forgot.
  constraint groups_home_unique unique (tenant_id, home_tenant_id, home_group_id)
);
-- Groups are named by their name on the command line, and listed in order of it.
create index groups_by_name on groups (tenant_id, name_key, id) where deleted_at is null;
call protect_tenant_table('groups');

create table group_member (
  tenant_id   uuid not null,
  group_id    uuid not null,
  member_id   uuid not null,
  member_kind text not null constraint group_member_kind check (member_kind in ('user', 'group')),
  added_at    timestamptz not null,
  constraint group_member_pkey primary key (tenant_id, group_id, member_id),
  -- A purged group takes its memberships along.
  constraint group_member_group foreign key (tenant_id, group_id) references groups on delete cascade
);
-- "Which groups is this person in?"
create index group_member_by_member on group_member (tenant_id, member_id, group_id);
call protect_tenant_table('group_member');

-- Who answers for a group or an application, and may manage it without a role.
create table object_owner (
  tenant_id uuid not null,
  object_id uuid not null,
  owner_id  uuid not null,
  added_at  timestamptz not null,
  constraint object_owner_pkey primary key (tenant_id, object_id, owner_id)
);
-- What does this person answer for? Asked when she leaves for good.
create index object_owner_by_owner on object_owner (tenant_id, owner_id);
call protect_tenant_table('object_owner');

create table tenant_setting (
  tenant_id               uuid primary key,
  guest_user_role_id      uuid not null,
  invitations_allowed     boolean not null,        -- "who can invite" is not "no one"
  soft_delete_retention_s bigint not null,
  version                 bigint not null,
  -- authorizationPolicy (provisioning §11); null is the default of each
  invites_from            text constraint tenant_setting_invites check (invites_from in
                            ('none', 'adminsAndGuestInviters', 'adminsGuestInvitersAndAllMembers', 'everyone')),
  members_create_apps     boolean,
  members_create_groups   boolean,
  members_read_users      boolean,
  contacts                jsonb                    -- mail addresses of the organisation, as Graph names them
);
call protect_tenant_table('tenant_setting');

-- ── Identity ─────────────────────────────────────────────────────────────────────────────────────

create table credential (
  tenant_id         uuid not null,
  user_id           uuid not null,
  password_hash     text,
  changed_at        timestamptz not null,
  tokens_valid_from timestamptz not null,
  constraint credential_pkey primary key (tenant_id, user_id)
);
call protect_tenant_table('credential', 'user_id');

create table application (
  tenant_id     uuid not null,
  id            uuid not null,
  app_id        uuid not null,
  display_name  text not null,
  is_public     boolean not null,                  -- a public client has no secret
  password_flow boolean not null,                  -- may use username and password
  permissions   text[] not null,                   -- application permissions, Graph names
  scopes        text[] not null,                   -- delegated permissions
  redirect_uris text[] not null,                   -- where authorization codes may be sent
  created_at    timestamptz not null,
  disabled_at   timestamptz,
  version       bigint not null,
  template_id   uuid,                              -- made from a template: cross-tenant sync
  document      jsonb,                             -- what Graph's clients keep with an application; nothing acts on it
  constraint application_pkey primary key (tenant_id, id),
  -- A client names itself by this id when it asks for a token.
  constraint application_app_id unique (tenant_id, app_id)
);
call protect_tenant_table('application');

create table application_secret (
  tenant_id      uuid not null,
  application_id uuid not null,
  id             uuid not null,
  secret_sha256  bytea not null,
  hint           text not null,
  created_at     timestamptz not null,
  expires_at     timestamptz not null,
  constraint application_secret_pkey primary key (tenant_id, application_id, id),
  -- Secrets go with their application: none outlives it.
  constraint application_secret_app foreign key (tenant_id, application_id) references application on delete cascade
);
call protect_tenant_table('application_secret');

-- What an application may prove itself with instead of a secret: only its public half is here.
create table application_certificate (
  tenant_id      uuid not null,
  application_id uuid not null,
  id             uuid not null,
  certificate    bytea not null,                   -- DER
  sha1           bytea not null,                   -- thumbprints: how an assertion names it (x5t, x5t#S256)
  sha256         bytea not null,
  created_at     timestamptz not null,
  expires_at     timestamptz not null,
  constraint application_certificate_pkey primary key (tenant_id, application_id, id),
  -- Certificates go with their application: none outlives it.
  constraint application_certificate_app foreign key (tenant_id, application_id) references application on delete cascade,
  -- An assertion names one of them.
  constraint application_certificate_once unique (tenant_id, application_id, sha256)
);
call protect_tenant_table('application_certificate');

-- What somebody allowed a client that no administrator of hers has vouched for: personal accounts.
create table app_consent (
  tenant_id  uuid not null,
  user_id    uuid not null,
  app_id     uuid not null,
  scopes     text[] not null,
  granted_at timestamptz not null,
  constraint app_consent_pkey primary key (tenant_id, user_id, app_id)
);
call protect_tenant_table('app_consent', 'user_id');

-- Somebody is signed in with a browser, at home.
create table sign_in_session (
  tenant_id     uuid not null,
  id            uuid not null,
  user_id       uuid not null,
  secret_sha256 bytea not null,
  client        text not null,                     -- what the browser says that it is
  created_at    timestamptz not null,              -- when the password was given
  expires_at    timestamptz not null,
  ended_at      timestamptz,
  constraint sign_in_session_pkey primary key (tenant_id, id)
);
-- "Where am I signed in?", and the end of all of them.
create index sign_in_session_by_user on sign_in_session (tenant_id, user_id);
call protect_tenant_table('sign_in_session', 'user_id');

-- Somebody let a client act for her: a code first, then one refresh token after the other.
create table sign_in_grant (
  tenant_id       uuid not null,                   -- where the client acts; for a B2B user not her home
  id              uuid not null,
  user_id         uuid not null,
  app_id          uuid not null,
  home_tenant_id  uuid not null,                   -- who signed in
  home_user_id    uuid not null,
  scopes          text[] not null,
  redirect_uri    text,
  code_challenge  text,
  nonce           text,
  signed_in_at    timestamptz not null,
  created_at      timestamptz not null,
  code_expires_at timestamptz not null,
  generation      integer not null,                -- 0: the code was not redeemed; n: the n-th refresh token counts
  used_at         timestamptz not null,
  expires_at      timestamptz not null,
  ended_at        timestamptz,
  ended_why       text constraint sign_in_grant_why check (ended_why in ('revoked', 'reused')),
  constraint sign_in_grant_pkey primary key (tenant_id, id)
);
-- "Which programs act for me?", and the end of all of them.
create index sign_in_grant_by_user on sign_in_grant (tenant_id, user_id);
call protect_tenant_table('sign_in_grant', 'user_id');

-- Where a tenant's people sign in if not here: an OpenID Connect provider.
create table upstream_provider (
  tenant_id     uuid primary key,
  display_name  text not null,
  issuer        text not null,
  client_id     text not null,
  sealed_secret bytea,                             -- sealed with the key outside the database; null: a public client
  claim         text not null,                     -- which claim names the person
  scopes        text not null,
  changed_at    timestamptz not null,
  version       bigint not null
);
call protect_tenant_table('upstream_provider');

-- A phone number that a personal account claims, until the code sent there comes back.
create table phone_claim (
  tenant_id   uuid not null,
  user_id     uuid not null,
  phone       text not null,
  sealed_code bytea not null,
  attempts    integer not null,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  constraint phone_claim_pkey primary key (tenant_id, user_id)
);
call protect_tenant_table('phone_claim', 'user_id');

create table directory_role_member (
  tenant_id    uuid not null,
  role         text not null,                      -- Graph's role template name
  principal_id uuid not null,
  added_at     timestamptz not null,
  constraint directory_role_member_pkey primary key (tenant_id, role, principal_id)
);
-- "Which roles has this person?", asked at each request (design §7).
create index directory_role_member_by_principal on directory_role_member (tenant_id, principal_id);
call protect_tenant_table('directory_role_member');

create table one_time_link (
  tenant_id    uuid not null,
  id           uuid not null,
  user_id      uuid not null,
  purpose      text not null constraint one_time_link_purpose check (purpose in ('first-admin', 'invitation')),
  token_sha256 bytea not null,
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  used_at      timestamptz,
  constraint one_time_link_pkey primary key (tenant_id, id)
);
call protect_tenant_table('one_time_link', 'user_id');

-- ── Multitenant organisation: each tenant holds a seat, the rest is visible through it ───────────

create table organization_seat (
  tenant_id       uuid not null,
  organization_id uuid not null,
  local_id        uuid not null,                   -- the id that this tenant knows the organisation by
  state           text not null constraint organization_seat_state check (state in ('pending', 'active')),
  invited_by      uuid not null,
  constraint organization_seat_pkey primary key (tenant_id, organization_id)
);
-- A tenant is active in one organisation at most.
create unique index organization_seat_one_active on organization_seat (tenant_id) where state = 'active';
call protect_tenant_table('organization_seat');

create table organization (
  organization_id uuid primary key,
  name            text not null,
  description     text not null,
  created_at      timestamptz not null,
  version         bigint not null
);

create table organization_member (
  organization_id uuid not null constraint organization_member_of references organization on delete cascade, -- the list goes with it
  tenant_id       uuid not null,
  display_name    text not null,
  role            text not null constraint organization_member_role check (role in ('owner', 'member')),
  desired_role    text,
  state           text not null constraint organization_member_state check (state in ('pending', 'active', 'removed')),
  added_by        uuid not null,
  added_at        timestamptz not null,
  joined_at       timestamptz,
  version         bigint not null,
  constraint organization_member_pkey primary key (organization_id, tenant_id)
);

-- Shared rows are visible after the seat was proven in the same statement, by the database itself.
-- A pending tenant sees its invitation: the organisation's name, its own row and its inviter's.
alter table organization enable row level security;
alter table organization force row level security;
-- Only an active seat writes; a pending one may lock the organisation's row (which asks for the right
-- to update it) while it takes its place, and change nothing.
create policy seated on organization for select using (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization.organization_id));
create policy founded on organization for insert with check (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization.organization_id and s.state = 'active'));
create policy changed on organization for update using (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization.organization_id))
  with check (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization.organization_id and s.state = 'active'));
create policy dissolved on organization for delete using (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization.organization_id and s.state = 'active'));
grant select, insert, update, delete on organization to comity_app;
alter table organization_member enable row level security;
alter table organization_member force row level security;
create policy seated on organization_member for select using (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization_member.organization_id
    and (s.state = 'active' or organization_member.tenant_id in (s.tenant_id, s.invited_by))));
create policy added on organization_member for insert with check (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization_member.organization_id and s.state = 'active'));
create policy changed on organization_member for update using (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization_member.organization_id and s.state = 'active'));
create policy removed on organization_member for delete using (exists (
  select from organization_seat s
  where s.tenant_id = comity_tenant() and s.organization_id = organization_member.organization_id and s.state = 'active'));
grant select, insert, update, delete on organization_member to comity_app;

-- ── Partners ─────────────────────────────────────────────────────────────────────────────────────

create table partner (
  tenant_id         uuid not null,
  partner_tenant_id uuid not null,                 -- may lie outside this installation
  redeem_inbound    boolean,                       -- automaticUserConsentSettings.inboundAllowed; null = the tenant's default
  redeem_outbound   boolean,
  inbound_trust     jsonb,
  created_at        timestamptz not null,
  version           bigint not null,
  document          jsonb,                         -- B2B settings that are kept and shown; nothing acts on them
  constraint partner_pkey primary key (tenant_id, partner_tenant_id),
  -- Nobody is a partner of himself: decisions inside a tenant never look here.
  constraint partner_other check (partner_tenant_id <> tenant_id)
);
call protect_tenant_table('partner');

create table partner_sync (
  tenant_id          uuid not null,
  partner_tenant_id  uuid not null,
  display_name       text,
  user_sync_inbound  boolean,
  group_sync_inbound boolean,
  version            bigint not null,
  constraint partner_sync_pkey primary key (tenant_id, partner_tenant_id),
  -- The partner cannot be deleted while its sync policy hangs on it (provisioning §2).
  constraint partner_sync_partner foreign key (tenant_id, partner_tenant_id) references partner
);
call protect_tenant_table('partner_sync');

-- What a partner's sync leaves alone here. The resource tenant's own matter: nothing of it is read elsewhere, and it
-- outlives the partner entry, so that a relation that begins anew does not begin with a surprise.
create table partner_kept (
  tenant_id         uuid not null,
  partner_tenant_id uuid not null,
  attributes        bigint not null,               -- a bit set: never overwritten
  disabled          boolean not null,              -- accounts that were disabled here stay so
  version           bigint not null,               -- raised with vetoes, too: a plan's guard
  constraint partner_kept_pkey primary key (tenant_id, partner_tenant_id)
);
call protect_tenant_table('partner_kept');

-- Home identities that a partner's sync never creates here.
create table partner_veto (
  tenant_id         uuid not null,
  partner_tenant_id uuid not null,
  home_user_id      uuid not null,                 -- may stand for nobody here
  added_at          timestamptz not null,
  constraint partner_veto_pkey primary key (tenant_id, partner_tenant_id, home_user_id)
);
call protect_tenant_table('partner_veto');

-- What a tenant does to partners of its multitenant organisation, at its own join and at each later
-- one (provisioning §1.6). No row: nothing is configured. Null leaves the partner's value alone.
create table partner_template (
  tenant_id         uuid primary key,
  redeem_inbound    boolean,                       -- multiTenantOrganizationPartnerConfiguration
  redeem_outbound   boolean,
  inbound_trust     jsonb,
  partner_new       boolean not null,              -- templateApplicationLevel newPartners
  partner_existing  boolean not null,              -- templateApplicationLevel existingPartners
  user_sync_inbound boolean,                       -- multiTenantOrganizationIdentitySynchronization
  sync_new          boolean not null,
  sync_existing     boolean not null,
  version           bigint not null,
  document          jsonb                          -- B2B settings, as in partner
);
call protect_tenant_table('partner_template');

-- What holds toward tenants without an entry of their own, as far as it can be changed; null: as it comes.
create table partner_default (
  tenant_id       uuid primary key,
  document        jsonb,
  cloud_endpoints text[] not null,
  version         bigint not null
);
call protect_tenant_table('partner_default');

-- ── Cross-tenant sync ────────────────────────────────────────────────────────────────────────────

create table sync_job (
  tenant_id        uuid not null,                  -- the source: everything is configured there
  id               uuid not null,
  version          bigint not null,                -- of mapping, scope, filter, actions: the plan guard
  name             text not null,                  -- MTO_Sync_<target> for organisation-wide shares
  target_tenant_id uuid not null,
  origin           text not null constraint sync_job_origin check (origin in ('organization', 'pair')),
  state            text not null constraint sync_job_state
                     check (state in ('NotConfigured', 'Paused', 'Active', 'Quarantine')),
  state_reason     text,
  scope_mode       text not null constraint sync_job_scope check (scope_mode in ('assigned', 'all')),
  for_later_tenants boolean not null,              -- "also for tenants that join later"
  action_add       boolean not null,               -- target object actions
  action_update    boolean not null,
  action_delete    boolean not null,
  mapping          jsonb,                          -- null: the default table of provisioning §5.2
  filter           jsonb,                          -- null: everything passes
  drift_repair     boolean not null,               -- may accounts that were changed in the target be brought back?
  groups           boolean not null,               -- are assigned groups synced as groups, too?
  groups_due       boolean not null,               -- a drain was cut off after people came or went, before their groups were looked at
  read_bits        bigint not null,                -- source attributes that mapping and filter read: what wakes the job
  always_bits      bigint not null,                -- target attributes that the mapping writes again and again
  interval_s       integer not null,
  threshold_on     boolean not null,               -- accidental-deletion prevention (design D8)
  threshold_number integer,                        -- null: no number counts
  threshold_percent integer,                       -- of the links; null: no share counts
  watermark        bigint,                         -- feed position read so far; null: never run
  created_at       timestamptz not null,
  constraint sync_job_pkey primary key (tenant_id, id),
  -- A tenant never syncs into itself.
  constraint sync_job_elsewhere check (target_tenant_id <> tenant_id),
  -- Zero is a word, too: nobody is deleted without somebody's leave.
  constraint sync_job_threshold_number check (threshold_number >= 0),
  -- A share of the links is one of all of them at most.
  constraint sync_job_threshold_percent check (threshold_percent between 1 and 100)
);
call protect_tenant_table('sync_job');

create table sync_assignment (
  tenant_id      uuid not null,
  job_id         uuid not null,
  principal_id   uuid not null,
  principal_kind text not null constraint sync_assignment_kind check (principal_kind in ('user', 'group')),
  assigned_at    timestamptz not null,
  constraint sync_assignment_pkey primary key (tenant_id, job_id, principal_id),
  -- A deleted job takes its assignments along.
  constraint sync_assignment_job foreign key (tenant_id, job_id) references sync_job on delete cascade
);
-- The few groups among many people.
create index sync_assignment_groups on sync_assignment (tenant_id, job_id, principal_id) where principal_kind = 'group';
-- A membership changes: which jobs have this group?
create index sync_assignment_by_principal on sync_assignment (tenant_id, principal_id, job_id);
call protect_tenant_table('sync_assignment');

-- The link: which target object stands for this source object, and where its newest step is. Who failed is in escrow:
-- a failure does not end a link, and links are many while failures are few.
create table sync_object (
  tenant_id  uuid not null,
  job_id     uuid not null,
  source_id  uuid not null,
  kind       text not null constraint sync_object_kind check (kind in ('user', 'group')),
  target_id  uuid,
  state      text not null constraint sync_object_state check (state in ('linked', 'deleted')),
  plan_id    uuid not null,
  step       integer not null,
  target_version bigint not null,                  -- after the newest step: single people are done beside a drain
  constraint sync_object_pkey primary key (tenant_id, job_id, source_id)
);
call protect_tenant_table('sync_object');

-- A deletion that the threshold held back, until somebody allows or rejects it, or the reason for it goes away.
-- A rejected one stays, so that the next look does not begin anew.
create table sync_held (
  tenant_id uuid not null,
  job_id    uuid not null,
  source_id uuid not null,
  kind      text not null constraint sync_held_kind check (kind in ('user', 'group')),
  target_id uuid,
  state     text not null constraint sync_held_state check (state in ('waiting', 'allowed', 'rejected')),
  cause     uuid not null,                         -- what set the deletion off; once allowed, the approval
  held_at   timestamptz not null,
  constraint sync_held_pkey primary key (tenant_id, job_id, source_id),
  -- What is held goes with its job.
  constraint sync_held_job foreign key (tenant_id, job_id) references sync_job on delete cascade
);
call protect_tenant_table('sync_held');

-- Escrow: who failed in a job, why, and when she is tried again (provisioning §9). Success, a change of hers that
-- succeeds, or four weeks end it.
create table sync_escrow (
  tenant_id    uuid not null,
  job_id       uuid not null,
  source_id    uuid not null,
  kind         text not null constraint sync_escrow_kind check (kind in ('user', 'group')),
  code         text not null,
  details      jsonb,                              -- facts behind the code, never a person's values
  failed_since timestamptz not null,               -- the first failure of this series
  failed_at    timestamptz not null,
  attempts     integer not null,
  retry_at     timestamptz not null,
  constraint sync_escrow_pkey primary key (tenant_id, job_id, source_id),
  -- A deleted job takes its failures along.
  constraint sync_escrow_job foreign key (tenant_id, job_id) references sync_job on delete cascade
);
-- Each drain asks who is to be tried again.
create index sync_escrow_due on sync_escrow (tenant_id, job_id, retry_at);
call protect_tenant_table('sync_escrow');

-- Why a job is in quarantine, and when it is tried again (Graph synchronizationQuarantine); gone when it is lifted.
create table sync_quarantine (
  tenant_id       uuid not null,
  job_id          uuid not null,
  reason          text not null constraint sync_quarantine_reason check (reason in (
                    'EncounteredBaseEscrowThreshold', 'EncounteredTotalEscrowThreshold',
                    'EncounteredEscrowProportionThreshold', 'EncounteredQuarantineException', 'Unknown',
                    'QuarantinedOnDemand', 'TooManyDeletes', 'IngestionInterrupted')),
  error           text not null,                   -- the code behind the reason
  facts           jsonb not null,                  -- what its sentence says
  current_began   timestamptz not null,            -- last imposed or left in force
  series_began    timestamptz not null,
  series_count    bigint not null,                 -- how often it was left in force
  next_attempt    timestamptz not null,
  constraint sync_quarantine_pkey primary key (tenant_id, job_id),
  -- A deleted job takes its quarantine along.
  constraint sync_quarantine_job foreign key (tenant_id, job_id) references sync_job on delete cascade
);
call protect_tenant_table('sync_quarantine');

-- Whom a job tells by mail that it is in quarantine, or that deletes are held (Graph SyncNotificationSettings).
create table sync_notification (
  tenant_id  uuid not null,
  job_id     uuid not null,
  enabled    boolean not null,
  recipients text[] not null,
  language   text not null,
  constraint sync_notification_pkey primary key (tenant_id, job_id),
  -- A deleted job tells nobody anything.
  constraint sync_notification_job foreign key (tenant_id, job_id) references sync_job on delete cascade
);
call protect_tenant_table('sync_notification');

-- A manager who did not stand in the target when his report was last looked at: the report is looked at again
-- when he comes there, in whichever order and however much later (provisioning D-16).
create table sync_reference (
  tenant_id  uuid not null,
  job_id     uuid not null,
  source_id  uuid not null,                        -- the report
  related_id uuid not null,                        -- the manager
  constraint sync_reference_pkey primary key (tenant_id, job_id, source_id),
  -- What waits for references goes with its job.
  constraint sync_reference_job foreign key (tenant_id, job_id) references sync_job on delete cascade
);
-- Who waits for these managers?
create index sync_reference_by_related on sync_reference (tenant_id, related_id, job_id);
call protect_tenant_table('sync_reference');

-- One decision: a drain's, a preview's, an undo's. `state` drain: applying until its watermark stands.
create table sync_plan (
  tenant_id  uuid not null,
  id         uuid not null,
  job_id     uuid not null,                        -- cleanup: the partner whose accounts it is about
  run_id     uuid,                                 -- undo: the run that is undone; cleanup: the plan that is taken back
  kind       text not null constraint sync_plan_kind check (kind in ('drain', 'preview', 'drift', 'undo', 'demand', 'cleanup')),
  state      text not null constraint sync_plan_state check (state in
               ('planning', 'planned', 'applying', 'applied', 'interrupted', 'refused', 'expired')),
  guard      jsonb not null,                       -- versions of job, partners, memberships (design D7)
  proposal   jsonb,                                -- what of the job the plan would change; null: the job as it is
  counts     jsonb not null,
  looked_at  bigint not null,                      -- people looked at so far
  stop_asked boolean not null,                     -- halt before the next batch
  from_position bigint,
  to_position   bigint,
  created_at timestamptz not null,
  expires_at timestamptz,
  cause      uuid not null,
  constraint sync_plan_pkey primary key (tenant_id, id)
);
-- Drains that were cut off: the next one finishes what they left.
create index sync_plan_applying on sync_plan (tenant_id, job_id) where state = 'applying';
call protect_tenant_table('sync_plan');

-- Plans that somebody approved, to be applied in the background with that person's rights of that moment.
create table sync_approval (
  tenant_id    uuid not null,
  plan_id      uuid not null,
  at           timestamptz not null,
  actor_kind   text not null,
  actor_id     uuid,
  actor_name   text not null,
  roles        text[] not null,
  permissions  text[] not null,
  reason       text,
  request_id   uuid not null,
  fault        text,                               -- why it could not be applied, as a code
  fault_facts  jsonb,
  constraint sync_approval_pkey primary key (tenant_id, plan_id),
  -- An approval goes with its plan.
  constraint sync_approval_plan foreign key (tenant_id, plan_id) references sync_plan on delete cascade
);
call protect_tenant_table('sync_approval');

-- One item of a stored plan: ids, verdict, changed attributes, guards; never names.
create table sync_step (
  tenant_id      uuid not null,
  plan_id        uuid not null,
  step           integer not null,
  source_id      uuid not null,
  target_id      uuid,
  verdict        smallint not null,
  reason         text,
  changed        bigint not null,
  source_version bigint,
  target_version bigint,
  outcome        smallint,                         -- null until it was applied, dropped, held, or failed
  constraint sync_step_pkey primary key (tenant_id, plan_id, step)
);
call protect_tenant_table('sync_step');

-- Everything with the same cause, as log and undo see it.
create table sync_run (
  tenant_id  uuid not null,
  id         uuid not null,
  job_id     uuid not null,
  cause      uuid not null,
  kind       text not null constraint sync_run_kind check (kind in ('initial', 'incremental', 'manual', 'undo', 'demand', 'allowed')),
  state      text not null constraint sync_run_state check (state in ('Running', 'Succeeded', 'Failed', 'EntryLevelErrors', 'Stopped')),
  error      text,
  started_at timestamptz not null,
  ended_at   timestamptz,
  seconds    double precision,                     -- work time on the machine clock
  plans      uuid[] not null,                      -- the plans whose receipts are its own: what undo reads
  created    bigint not null,
  updated    bigint not null,
  deleted    bigint not null,
  restored   bigint not null,
  skipped    bigint not null,
  failed     bigint not null,
  constraint sync_run_pkey primary key (tenant_id, id),
  -- A run is everything with the same cause: a second drain of it adds to its row.
  constraint sync_run_cause unique (tenant_id, job_id, cause)
);
-- The newest run of each job.
create index sync_run_latest on sync_run (tenant_id, job_id, id);
-- Each drain asks which runs an earlier one left behind.
create index sync_run_running on sync_run (tenant_id, job_id) where state = 'Running';
call protect_tenant_table('sync_run');

-- In the TARGET tenant, written with the change: its audit, undo's before-image, proof of application
-- (design §4.6).
create table sync_receipt (
  tenant_id        uuid not null,
  plan_id          uuid not null,
  step             integer not null,
  source_tenant_id uuid not null,
  job_id           uuid not null,
  source_id        uuid not null,
  target_id        uuid not null,
  action           smallint not null,
  before           text[],                         -- changed attributes in bit order; null for a create
  after            text[],
  changed          bigint not null,
  version_after    bigint not null,
  at               timestamptz not null,
  cause            uuid not null,
  kind             text constraint sync_receipt_kind check (kind = 'group'), -- null: a user, as nearly always
  constraint sync_receipt_pkey primary key (tenant_id, plan_id, step)
);
-- "Who changed this object?"
create index sync_receipt_by_target on sync_receipt (tenant_id, target_id, plan_id);
call protect_tenant_table('sync_receipt');

-- In the SOURCE tenant, projected from receipts; keyed alike, so repeating changes nothing.
create table provisioning_log (
  tenant_id  uuid not null,
  plan_id    uuid not null,
  step       integer not null,
  job_id     uuid not null,
  run_id     uuid not null,
  source_id  uuid not null,
  target_id  uuid,
  action     smallint not null,
  status     smallint not null,                    -- success, failure, skipped, warning
  code       text,
  changed    bigint not null,
  before     text[],
  after      text[],
  at         timestamptz not null,
  kind       text constraint provisioning_log_kind check (kind = 'group'), -- null: a user, as nearly always
  details    jsonb,                                -- facts behind the code, never a person's values
  constraint provisioning_log_pkey primary key (tenant_id, plan_id, step)
);
-- "What happened to this person?" and retention by time (plan ids are time-ordered).
create index provisioning_log_by_source on provisioning_log (tenant_id, source_id, plan_id);
-- "How many were deleted lately?", which the deletion threshold asks: few lines among many.
create index provisioning_log_deletions on provisioning_log (tenant_id, job_id, at) where action = 3;
call protect_tenant_table('provisioning_log');

-- ── External access ──────────────────────────────────────────────────────────────────────────────

create table access_state (
  tenant_id      uuid primary key,
  access_version bigint not null                   -- raised by every change that can alter a decision (design §4.7)
);
call protect_tenant_table('access_state');

create table access_policy (
  tenant_id                      uuid not null,
  name                           text collate "C" not null, -- 'Global' or the part after 'Tag:'
  name_key                       text collate "C" not null,
  description                    text not null,
  enable_federation_access       boolean not null,
  communication_with_external_orgs text not null constraint access_policy_mode check (communication_with_external_orgs in
    ('OrganizationDefault', 'AllowAllExternalDomains', 'AllowSpecificExternalDomains',
     'BlockSpecificExternalDomains', 'BlockAllExternalDomains')),
  enable_consumer_access         boolean not null,
  enable_consumer_inbound        boolean not null,
  restrict_consumer_to_directory boolean not null,
  federated_bilateral_chats      boolean not null,
  stored_only                    jsonb not null,   -- legacy properties: kept and returned, no effect
  version                        bigint not null,
  constraint access_policy_pkey primary key (tenant_id, name_key)
);
call protect_tenant_table('access_policy');

create table tenant_configuration (
  tenant_id                      uuid primary key,
  allow_federated_users          boolean not null,
  domain_mode                    text not null constraint tenant_configuration_mode
                                   check (domain_mode in ('AllowAllKnownDomains', 'AllowList')),
  block_all_subdomains           boolean not null,
  allow_teams_consumer           boolean not null,
  allow_teams_consumer_inbound   boolean not null,
  restrict_consumer_to_directory boolean not null,
  trial_tenants                  text not null constraint tenant_configuration_trial check (trial_tenants in ('Allowed', 'Blocked')),
  customize_federation           boolean not null,
  security_team_delegation       boolean not null,
  restrict_chat_participants     boolean not null,
  mutual_chat_participants       boolean not null,
  partners_unverified            boolean not null,
  shared_sip_address_space       boolean not null,
  block_external_users           boolean not null, -- the list of blocked individuals is in force
  default_policy_key             text collate "C", -- granted tenant-wide; null = Global
  version                        bigint not null,
  -- Nobody has a policy that is not there.
  constraint tenant_configuration_default foreign key (tenant_id, default_policy_key) references access_policy
);
call protect_tenant_table('tenant_configuration');

-- Domain lists of the configuration (owner '') and of policies (owner = policy name): a decision reads
-- the few rows that can match, not four thousand.
create table access_domain (
  tenant_id uuid not null,
  owner     text collate "C" not null,
  list      text not null constraint access_domain_list check (list in ('allowed', 'blocked', 'trial')),
  domain    text collate "C" not null,
  constraint access_domain_pkey primary key (tenant_id, owner, list, domain)
);
call protect_tenant_table('access_domain');

create table blocked_individual (
  tenant_id   uuid not null,
  address_key text collate "C" not null,
  constraint blocked_individual_pkey primary key (tenant_id, address_key)
);
call protect_tenant_table('blocked_individual');

create table access_policy_user (
  tenant_id  uuid not null,
  user_id    uuid not null,
  policy_key text collate "C" not null,
  granted_at timestamptz not null,
  constraint access_policy_user_pkey primary key (tenant_id, user_id),
  -- Nobody has a policy that is not there.
  constraint access_policy_user_policy foreign key (tenant_id, policy_key) references access_policy
);
-- A policy in use is not removed.
create index access_policy_user_by_policy on access_policy_user (tenant_id, policy_key);
call protect_tenant_table('access_policy_user');

-- A group's direct members have its policy, unless they have one of their own; of several groups the
-- lowest rank wins. Ranks are positions 1..n of the tenant's at most 64 assignments.
create table access_policy_group (
  tenant_id  uuid not null,
  group_id   uuid not null,
  policy_key text collate "C" not null,
  rank       integer not null,
  created_at timestamptz not null,
  created_by text not null,                        -- as audit names who did it
  constraint access_policy_group_pkey primary key (tenant_id, group_id),
  -- Two groups of one rank would leave open which of them wins; deferrable, so that one statement may
  -- move them all.
  constraint access_policy_group_rank unique (tenant_id, rank) deferrable initially immediate,
  -- Nobody has a policy that is not there.
  constraint access_policy_group_policy foreign key (tenant_id, policy_key) references access_policy,
  -- A purged group takes its assignment along.
  constraint access_policy_group_group foreign key (tenant_id, group_id) references groups on delete cascade
);
call protect_tenant_table('access_policy_group');

-- One policy for many people, given in the background: what was ordered, and by whom.
create table access_batch (
  tenant_id    uuid not null,
  id           uuid not null,
  name         text not null,
  policy       text,                               -- as ordered; null takes direct assignments back
  created_at   timestamptz not null,
  completed_at timestamptz,
  actor_kind   text not null,                      -- who ordered it, for the audit of each assignment
  actor_id     uuid,
  actor_name   text not null,
  reason       text,
  request_id   uuid not null,
  cause        uuid not null,
  constraint access_batch_pkey primary key (tenant_id, id)
);
call protect_tenant_table('access_batch');

create table access_batch_person (
  tenant_id uuid not null,
  batch_id  uuid not null,
  position  integer not null,
  named     text not null,                         -- as ordered: id, UPN or mail
  result    text,                                  -- null: not yet tried
  constraint access_batch_person_pkey primary key (tenant_id, batch_id, position),
  -- What is left of a batch goes with it.
  constraint access_batch_person_batch foreign key (tenant_id, batch_id) references access_batch on delete cascade
);
call protect_tenant_table('access_batch_person');

-- Who wants to be told of changes: a cursor over the tenant's feed, read out to an address. A lease: its times
-- are the machine clock's.
create table subscription (
  tenant_id        uuid not null,
  id               uuid not null,
  principal_kind   text not null,                  -- whose rights it rests on, and by which token they were shown
  principal_id     uuid not null,
  app_id           uuid not null,
  scopes           text[] not null,
  authorized_at_s  bigint not null,
  resource         text not null,                  -- as it was asked for
  family           text not null,
  object_id        uuid,                           -- null: every object of the family
  change_types     text[] not null,
  notification_url text not null,
  lifecycle_url    text,
  sealed_state     bytea,                          -- a text that the subscriber recognises us by
  tls_version      text not null,
  expires_at       timestamptz not null,
  position         bigint not null,                -- told up to here of the feed
  pending          text,                           -- what is to be said about the subscription itself
  reminded         boolean not null,
  failing_since    timestamptz,
  attempts         integer not null,
  version          bigint not null,
  constraint subscription_pkey primary key (tenant_id, id)
);
call protect_tenant_table('subscription');

-- Personal accounts that the tenant's admins list as known contacts.
create table directory_contact (
  tenant_id uuid not null,
  user_id   uuid not null,                         -- the personal account
  added_at  timestamptz not null,
  constraint directory_contact_pkey primary key (tenant_id, user_id)
);
call protect_tenant_table('directory_contact');

-- ── Chat (design §4.8) ───────────────────────────────────────────────────────────────────────────

-- A person's place in a chat, in his home tenant: "my chats" is a one-tenant query, and the proof
-- through which a chat's content is visible.
create table seat (
  tenant_id     uuid not null,
  user_id       uuid not null,
  chat_id       uuid not null,
  joined_at     timestamptz not null,
  left_at       timestamptz,
  activity_at   timestamptz not null,              -- coalesced, at most once per seat and second
  read_through  bigint not null,                   -- position of the last change read
  hidden        boolean not null,
  muted         boolean not null,
  constraint seat_pkey primary key (tenant_id, user_id, chat_id)
);
-- "My chats", newest first.
create index seat_by_activity on seat (tenant_id, user_id, activity_at desc, chat_id) where left_at is null;
-- The proof: does this tenant hold a seat in the chat?
create index seat_by_chat on seat (tenant_id, chat_id, user_id);
call protect_tenant_table('seat', 'user_id');

create table chat (
  chat_id        uuid primary key,                 -- 1:1: derived from the two home identities, so there is one
  kind           text not null constraint chat_kind check (kind in ('oneOnOne', 'group')),
  topic          text,
  started_tenant uuid not null,
  started_user   uuid not null,
  created_at     timestamptz not null,
  last_change    bigint not null,                  -- the counter: numbers every change of the chat
  version        bigint not null
);

create table chat_member (
  chat_id      uuid not null constraint chat_member_chat references chat on delete cascade, -- nobody is in a chat that is not there
  tenant_id    uuid not null,
  user_id      uuid not null,
  role         text not null constraint chat_member_role check (role in ('owner', 'member')),
  request      text not null constraint chat_member_request check (request in ('none', 'pending', 'accepted', 'blocked')),
  joined_change bigint not null,
  left_change  bigint,
  joined_at    timestamptz not null,
  left_at      timestamptz,
  visible_from timestamptz,                        -- history: null = from the join
  version      bigint not null,
  constraint chat_member_pkey primary key (chat_id, tenant_id, user_id)
);

create table message (
  chat_id       uuid not null constraint message_chat references chat on delete cascade, -- content goes with its chat
  id            bigint not null,                   -- the change that made it: the chat's order
  changed       bigint not null,                   -- the last change of it: the chat's feed
  kind          text not null constraint message_kind check (kind in ('message', 'system')),
  sender_tenant uuid,
  sender_user   uuid,
  client_id     uuid,                              -- the sender's own id: a retry is the same message
  body_type     text not null constraint message_body_type check (body_type in ('text', 'html')),
  body          text not null,
  created_at    timestamptz not null,
  edited_at     timestamptz,
  deleted_at    timestamptz,
  constraint message_pkey primary key (chat_id, id),
  -- A retry with the same client id is the same message (design §4.8).
  constraint message_retry unique (chat_id, sender_tenant, sender_user, client_id)
);
-- "What changed since n?"
create index message_by_change on message (chat_id, changed);

-- Content is visible exactly to tenants that hold a seat (in the personal realm: to that person).
-- Written out, not as a function: the planner looks into it.
alter table chat enable row level security;
alter table chat force row level security;
create policy seated on chat using (exists (
  select from seat s where s.tenant_id = comity_tenant() and s.chat_id = chat.chat_id));
grant select, insert, update, delete on chat to comity_app;
alter table chat_member enable row level security;
alter table chat_member force row level security;
create policy seated on chat_member using (exists (
  select from seat s where s.tenant_id = comity_tenant() and s.chat_id = chat_member.chat_id));
grant select, insert, update, delete on chat_member to comity_app;
alter table message enable row level security;
alter table message force row level security;
create policy seated on message using (exists (
  select from seat s where s.tenant_id = comity_tenant() and s.chat_id = message.chat_id));
grant select, insert, update, delete on message to comity_app;

-- ── Named functions on installation rows ─────────────────────────────────────────────────────────
-- They run as the owner and are the application role's only way to these tables.

create function installation_read() returns setof installation
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from installation $$;

-- Orders that wait for a time move back with the clock: what was due at once would else wait until the
-- old time comes round again.
create function installation_set_clock(offset_s double precision) returns bigint
  language sql security definer set search_path = pg_catalog, public
  as $$
    update due set due_at = due_at + make_interval(secs => offset_s - i.clock_offset_s)
      from installation i where due.due_at is not null and offset_s < i.clock_offset_s;
    update installation set clock_offset_s = offset_s, version = version + 1 returning version
  $$;

create function installation_set_consumer_date(available_from timestamptz) returns bigint
  language sql security definer set search_path = pg_catalog, public
  as $$ update installation set consumer_available_from = available_from, version = version + 1 returning version $$;

create function installation_audit_add(entry installation_audit) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ insert into installation_audit select (entry).* $$;

-- What was done to the installation by one kind of action, newest first.
create function installation_audit_since(wanted text, since timestamptz) returns setof installation_audit
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from installation_audit where action = wanted and at > since order by id desc $$;

create function tenant_add(entry tenant) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ insert into tenant select (entry).* $$;

create function tenant_get(wanted uuid) returns setof tenant
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from tenant where tenant_id = wanted $$;

-- Tenants of that name or domain: at most 20, so that an ambiguous name can list its candidates.
create function tenant_find(wanted_name_key text, wanted_domain text) returns setof tenant
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select * from tenant t
    where t.name_key = wanted_name_key
       or t.tenant_id = (select d.tenant_id from domain d where d.domain = wanted_domain)
    order by t.name_key, t.tenant_id limit 20
  $$;

create function tenant_list(after_key text, after_id uuid, page_size integer) returns setof tenant
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select * from tenant t where (t.name_key, t.tenant_id) > (after_key, after_id)
    order by t.name_key, t.tenant_id limit page_size
  $$;

create function domain_add(entry domain) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ insert into domain select (entry).* $$;

-- The transaction's tenant gives its new people this domain, one of its own.
create function domain_make_default(wanted text) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare touched bigint;
  begin
    update domain set is_default = false where tenant_id = public.comity_tenant() and is_default;
    update domain set is_default = true where tenant_id = public.comity_tenant() and domain = wanted;
    get diagnostics touched = row_count;
    return touched;
  end $$;

-- The transaction's tenant gives up one of its domains, never the one that it began with.
create function domain_drop(wanted text) returns setof text
  language sql security definer set search_path = pg_catalog, public
  as $$
    delete from domain where tenant_id = public.comity_tenant() and domain = wanted and not is_initial returning domain
  $$;

create function domain_get(wanted text) returns setof domain
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from domain where domain.domain = wanted $$;

create function domains_of(wanted uuid) returns setof domain
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from domain where tenant_id = wanted order by is_initial desc, domain $$;

-- The transaction's tenant replaces the addresses of its own people; three arrays, one row each.
create function address_replace(people uuid[], owners uuid[], keys text[], kinds text[]) returns void
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    delete from address a using unnest(people) p(id) where a.tenant_id = comity_tenant() and a.user_id = p.id;
    insert into address (address_key, kind, tenant_id, user_id)
      select n.key, n.kind, comity_tenant(), n.owner from unnest(owners, keys, kinds) n(owner, key, kind)
      order by n.key, n.kind, n.owner
      on conflict do nothing;
  end $$;

-- Whose address is it? Ids only; what may be shown of them is read as their own tenant.
create function address_find(wanted_key text, wanted_kinds text[]) returns table (kind text, tenant_id uuid, user_id uuid)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select a.kind, a.tenant_id, a.user_id from address a
    where a.address_key = wanted_key and a.kind = any (wanted_kinds)
    order by a.tenant_id, a.user_id, a.kind limit 100
  $$;

-- Many people came at once. Until autovacuum comes by, the planner takes a tenant that has just grown for
-- one of a single row, and reads all of it wherever it should have asked an index.
-- A rough idea is enough for that, at a fifth of the time; autovacuum looks closely a minute later.
create function people_analyze() returns void
  language plpgsql security definer set search_path = pg_catalog, public set default_statistics_target = 20
  as $$ begin
    -- Only what statements look people up by: the other columns would triple the time.
    analyze users (tenant_id, id, upn_key, mail_key, home_tenant_id, home_user_id, given_key, surname_key),
      address, group_member, sync_assignment, sync_object (tenant_id, job_id, source_id);
  end $$;

-- Make something due. A second call moves it earlier at most. The row stays locked until the caller's
-- commit, so nobody takes the order before he can see what it is about.
create function due_put(of_kind text, of_tenant uuid, of_key uuid, at timestamptz, why uuid) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$
    insert into due values (of_kind, of_tenant, of_key, at, null, null, null, 0, why)
    on conflict (kind, tenant_id, key) do update
      set due_at = least(due.due_at, excluded.due_at),
          cause = case when due.due_at is null then excluded.cause else coalesce(due.cause, excluded.cause) end
  $$;

-- Promise what is due to the caller until `lease_until`: orders whose time has come, and those that were
-- lost with whoever had them. Rows that others hold locked are left for the next time, and so that a
-- tenant which is written to without a pause gets its turn, one order that is overdue since
-- `starving_since` is waited for.
create function due_claim(kinds text[], at timestamptz, machine timestamptz, lease_until timestamptz,
                          starving_since timestamptz, at_most integer)
  returns table (kind text, tenant_id uuid, key uuid, cause uuid, lost boolean)
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    delete from due d using (
      select r.kind, r.tenant_id, r.key from due r
      where r.due_at is null and r.leased_until is null and r.not_before <= machine
      for update skip locked) rested
    where (d.kind, d.tenant_id, d.key) = (rested.kind, rested.tenant_id, rested.key);

    if starving_since is not null then
      perform from due s
      where s.due_at <= starving_since and s.kind = any (kinds) and s.leased_until is null
        and coalesce(s.not_before <= machine, true)
      order by s.due_at limit 1 for update;
    end if;

    return query
      update due d set leased_until = lease_until, taken_by = null
      from (
        select c.kind, c.tenant_id, c.key, c.leased_until from due c
        where (c.due_at <= at or (c.due_at is null and c.leased_until is not null))
          and coalesce(c.leased_until <= machine, true) and coalesce(c.not_before <= machine, true)
          and c.kind = any (kinds)
        order by c.due_at nulls first limit at_most for update skip locked) found
      where (d.kind, d.tenant_id, d.key) = (found.kind, found.tenant_id, found.key)
      returning d.kind, d.tenant_id, d.key, d.cause, found.leased_until is not null;
  end $$;

-- When something that is due already may run: the end of the nearest spacing or backoff.
create function due_next_start(kinds text[], at timestamptz, machine timestamptz) returns timestamptz
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select min(not_before) from due
    where due_at <= at and leased_until is null and not_before > machine and kind = any (kinds)
  $$;

-- Begin the work: whatever was asked for until now is covered by this run. Nothing comes back if the
-- promise was withdrawn, or the work is somebody else's.
create function due_take(of_kind text, of_tenant uuid, of_key uuid, run uuid, machine timestamptz, lease_until timestamptz)
  returns setof due
  language sql security definer set search_path = pg_catalog, public
  as $$
    update due set due_at = null, taken_by = run, leased_until = lease_until, attempts = attempts + 1
    where kind = of_kind and tenant_id = of_tenant and key = of_key
      and leased_until is not null and (taken_by is null or leased_until <= machine)
    returning *
  $$;

-- Still at work; false if the work has become somebody else's.
create function due_renew(of_kind text, of_tenant uuid, of_key uuid, run uuid, lease_until timestamptz) returns boolean
  language sql security definer set search_path = pg_catalog, public
  as $$
    with renewed as (
      update due set leased_until = lease_until
      where kind = of_kind and tenant_id = of_tenant and key = of_key and taken_by = run
      returning 1)
    select exists (select from renewed)
  $$;

-- Finished: resting until `earliest`, or due again at `again_at`, or at what was asked for in between.
create function due_finish(of_kind text, of_tenant uuid, of_key uuid, run uuid,
                           again_at timestamptz, earliest timestamptz, failed boolean) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$
    update due set due_at = least(due_at, again_at), not_before = earliest, leased_until = null, taken_by = null,
                   attempts = case when failed then attempts else 0 end
    where kind = of_kind and tenant_id = of_tenant and key = of_key and taken_by = run;
    delete from due
    where kind = of_kind and tenant_id = of_tenant and key = of_key
      and due_at is null and leased_until is null and not_before is null
  $$;

create function due_list(of_kind text) returns setof due
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from due where kind = of_kind order by due_at $$;

-- The transaction's tenant registers an application under its id.
create function application_home_add(new_app_id uuid) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ insert into application_home values (new_app_id, comity_tenant()) $$;

create function application_home_drop(old_app_id uuid) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ delete from application_home where app_id = old_app_id and tenant_id = public.comity_tenant() $$;

create function application_home_get(wanted uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select tenant_id from application_home where app_id = wanted $$;

create function signing_keys() returns setof signing_key
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from signing_key order by created_at, kid $$;

create function signing_key_add(entry signing_key) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ insert into signing_key select (entry).* $$;

create function signing_key_move(which text, to_state text, at timestamptz) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$
    update signing_key set state = to_state,
      activated_at = case when to_state = 'current' then at else activated_at end,
      retired_at = case when to_state = 'retired' then at else retired_at end
    where kid = which
  $$;

create function signing_key_drop(which text) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ delete from signing_key where kid = which and state = 'retired' $$;

create function device_add(entry device_request, stale_before timestamptz) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$
    delete from device_request where id in (
      select d.id from device_request d where d.expires_at < stale_before order by d.expires_at limit 10 for update skip locked);
    insert into device_request select (entry).*
  $$;

create function device_find(code text, at timestamptz) returns setof device_request
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from device_request where user_code = code and expires_at > at and state = 'pending' $$;

-- The device asks; what comes back is the row as it was before, so that too early can be told.
create function device_poll(wanted uuid, at timestamptz, slower_s integer) returns setof device_request
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare before device_request;
  begin
    select * into before from device_request where id = wanted for update;
    if not found then return; end if;
    update device_request set polled_at = at,
      interval_s = interval_s + case when at < polled_at + make_interval(secs => interval_s) then slower_s else 0 end
      where id = wanted;
    return next before;
  end $$;

create function device_decide(wanted uuid, at timestamptz, to_state text, of_tenant uuid, of_user uuid, of_grant uuid)
  returns boolean
  language sql security definer set search_path = pg_catalog, public
  as $$
    with decided as (
      update device_request set state = to_state, for_tenant = of_tenant, for_user = of_user, for_grant = of_grant
      where id = wanted and expires_at > at and state = 'pending'
      returning 1)
    select exists (select from decided)
  $$;

-- The device has its answer; false if it had it before.
create function device_drop(wanted uuid) returns boolean
  language sql security definer set search_path = pg_catalog, public
  as $$ with dropped as (delete from device_request where id = wanted returning 1) select exists (select from dropped) $$;

create function registration_add(entry registration, stale_before timestamptz) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$
    delete from registration where id in (
      select r.id from registration r where r.expires_at < stale_before order by r.expires_at limit 10 for update skip locked);
    insert into registration select (entry).*
  $$;

-- Once, by whoever holds the link, and in time.
create function registration_take(wanted uuid, secret bytea, at timestamptz) returns setof registration
  language sql security definer set search_path = pg_catalog, public
  as $$ delete from registration where id = wanted and secret_sha256 = secret and expires_at > at returning * $$;

create function attempt_get(wanted bytea) returns setof sign_in_attempt
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select * from sign_in_attempt where key = wanted $$;

-- Once more; counting starts over when the last one was before `since`.
create function attempt_add(wanted bytea, at timestamptz, since timestamptz, stale_before timestamptz) returns integer
  language sql security definer set search_path = pg_catalog, public
  as $$
    delete from sign_in_attempt where key in (
      select a.key from sign_in_attempt a where a.last_at < stale_before order by a.last_at limit 10 for update skip locked);
    insert into sign_in_attempt values (wanted, 1, at, at)
    on conflict (key) do update set
      failures = case when sign_in_attempt.last_at < since then 1 else sign_in_attempt.failures + 1 end,
      first_at = case when sign_in_attempt.last_at < since then at else sign_in_attempt.first_at end,
      last_at = at
    returning failures
  $$;

create function attempt_clear(wanted bytea) returns void
  language sql security definer set search_path = pg_catalog, public
  as $$ delete from sign_in_attempt where key = wanted $$;

-- Nobody but the application role calls them; the installation's own rows stand behind each.
do $$
declare f regprocedure;
begin
  for f in select p.oid from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
           and p.proowner = (select oid from pg_roles where rolname = 'comity_owner') loop
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to comity_app', f);
  end loop;
end $$;
