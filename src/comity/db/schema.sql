-- The schema as a whole, for reading. Written by `python -m tools.schema` from what the migrations make of an
-- empty database, in order of creation; a test runs it and proves that both lead to the same. Nothing else
-- runs it: databases come by their schema through db/migrations. Roles: db/roles.sql. Classes: db/tables.toml.

CREATE TABLE schema_migration (
  number integer NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp with time zone NOT NULL,
  CONSTRAINT schema_migration_pkey PRIMARY KEY (number)
);
ALTER TABLE schema_migration ENABLE ROW LEVEL SECURITY;
ALTER TABLE schema_migration FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON schema_migration TO comity_owner USING (true);

CREATE FUNCTION public.schema_number()
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select coalesce(max(number), 0) from schema_migration $function$;
REVOKE ALL ON FUNCTION schema_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION schema_number() TO comity_app;

-- The transaction's tenant. Unset is an error, never an empty result.
CREATE FUNCTION public.comity_tenant()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select current_setting('comity.tenant')::uuid $function$;

-- The transaction's person, or null; opens a personal account's own rows and nobody else's.
CREATE FUNCTION public.comity_person()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select nullif(current_setting('comity.person', true), '')::uuid $function$;

-- Rows of one tenant. In the personal realm there is no "tenant" to share with: rows are visible to the person
-- named in `person_column` only (design §4.9); tables without such a column hold no personal-realm rows at all.
CREATE PROCEDURE public.protect_tenant_table(IN table_name regclass, IN person_column name DEFAULT NULL::name)
 LANGUAGE plpgsql
AS $procedure$
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
end $procedure$;

-- Rows of the installation: the application role has no rights on the table, only on named functions that run as
-- the owner.
CREATE PROCEDURE public.protect_installation_table(IN table_name regclass)
 LANGUAGE plpgsql
AS $procedure$
begin
  execute format('alter table %s enable row level security', table_name);
  execute format('alter table %s force row level security', table_name);
  execute format('create policy owner_functions on %s to comity_owner using (true)', table_name);
end $procedure$;

CREATE TABLE installation (
  id smallint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  oldest_code integer NOT NULL,                    -- schema number that the oldest admissible code knows
  clock_offset_s double precision NOT NULL,
  consumer_available_from timestamp with time zone, -- chat with personal accounts; null = at once
  version bigint NOT NULL,
  CONSTRAINT installation_pkey PRIMARY KEY (id),
  -- one row, so that a lock on it is the installation's
  CONSTRAINT installation_single CHECK (id = 1)
);
ALTER TABLE installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE installation FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON installation TO comity_owner USING (true);

CREATE TABLE tenant (
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  initial_domain text COLLATE "C" NOT NULL,
  cloud text NOT NULL,
  trial boolean NOT NULL,
  country text,
  created_at timestamp with time zone NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT tenant_cloud CHECK (cloud = ANY (ARRAY['commercial'::text, 'gcc'::text, 'gcchigh'::text, 'dod'::text])),
  CONSTRAINT tenant_kind CHECK (kind = ANY (ARRAY['business'::text, 'personal'::text])),
  -- There is one personal realm, and official clients know it by this id.
  CONSTRAINT tenant_personal_realm CHECK ((kind = 'personal'::text) = (tenant_id = '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid))
);
-- A tenant is named on the command line by its name.
CREATE INDEX tenant_by_name ON tenant (name_key);
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON tenant TO comity_owner USING (true);

CREATE TABLE domain (
  domain text COLLATE "C" NOT NULL,                -- IDNA, lower case; one owner per installation
  tenant_id uuid NOT NULL,
  is_default boolean NOT NULL,
  is_initial boolean NOT NULL,
  added_at timestamp with time zone NOT NULL,
  CONSTRAINT domain_pkey PRIMARY KEY (domain),
  -- a domain leads to a tenant that is there
  CONSTRAINT domain_tenant FOREIGN KEY (tenant_id) REFERENCES tenant(tenant_id)
);
-- "Which domains are ours?", asked by each check of an address.
CREATE INDEX domain_by_tenant ON domain (tenant_id);
-- Exactly one default and one initial domain per tenant at most.
CREATE UNIQUE INDEX domain_one_default ON domain (tenant_id) WHERE is_default;
-- Exactly one default and one initial domain per tenant at most.
CREATE UNIQUE INDEX domain_one_initial ON domain (tenant_id) WHERE is_initial;
ALTER TABLE domain ENABLE ROW LEVEL SECURITY;
ALTER TABLE domain FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON domain TO comity_owner USING (true);

-- Which home identity answers to an address. Not unique: one mail may own a work and a personal account, and a
-- phone number several personal ones (external-access §10).
CREATE TABLE address (
  address_key text COLLATE "C" NOT NULL,           -- folded mail or E.164 number
  kind text NOT NULL,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  CONSTRAINT address_pkey PRIMARY KEY (address_key, kind, tenant_id, user_id),
  CONSTRAINT address_kind CHECK (kind = ANY (ARRAY['mail'::text, 'upn'::text, 'phone'::text]))
);
-- Addresses are replaced person by person.
CREATE INDEX address_by_user ON address (tenant_id, user_id);
ALTER TABLE address ENABLE ROW LEVEL SECURITY;
ALTER TABLE address FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON address TO comity_owner USING (true);

-- Where an application is registered. Application ids differ across the installation, so that a client can be
-- named by its id alone where no tenant is named: at the sign-in of personal accounts.
CREATE TABLE application_home (
  app_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  CONSTRAINT application_home_pkey PRIMARY KEY (app_id)
);
ALTER TABLE application_home ENABLE ROW LEVEL SECURITY;
ALTER TABLE application_home FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON application_home TO comity_owner USING (true);

-- What is due, and when. One row per standing order: a second wake-up only moves it earlier. The order's time is
-- the business clock's, so that a lab that moves its clock brings schedules forward; leases and spacing are the
-- machine clock's, which never moves (design §4.10).
CREATE TABLE due (
  kind text COLLATE "C" NOT NULL,
  tenant_id uuid NOT NULL,
  key uuid NOT NULL,
  due_at timestamp with time zone,                 -- null: in work with nothing new, or resting until not_before
  not_before timestamp with time zone,             -- machine clock: spacing between two runs (design D8), or backoff
  leased_until timestamp with time zone,           -- machine clock: promised to somebody until then
  taken_by uuid,                                   -- the run at work; null while it waits in the queue
  attempts integer NOT NULL,                       -- runs since the last success
  cause uuid,
  CONSTRAINT due_pkey PRIMARY KEY (kind, tenant_id, key)
);
-- The tick reads what is due next.
CREATE INDEX due_next ON due (due_at);
ALTER TABLE due ENABLE ROW LEVEL SECURITY;
ALTER TABLE due FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON due TO comity_owner USING (true);

CREATE TABLE signing_key (
  kid text COLLATE "C" NOT NULL,
  state text NOT NULL,
  public_jwk text NOT NULL,
  sealed_key bytea NOT NULL,                       -- private key, sealed with the key outside the database
  created_at timestamp with time zone NOT NULL,
  activated_at timestamp with time zone,
  retired_at timestamp with time zone,
  CONSTRAINT signing_key_pkey PRIMARY KEY (kid),
  CONSTRAINT signing_key_state CHECK (state = ANY (ARRAY['next'::text, 'current'::text, 'retired'::text]))
);
-- One key signs, one is published ahead of its use.
CREATE UNIQUE INDEX signing_key_one_current ON signing_key (state) WHERE (state = 'current'::text);
-- One key signs, one is published ahead of its use.
CREATE UNIQUE INDEX signing_key_one_next ON signing_key (state) WHERE (state = 'next'::text);
ALTER TABLE signing_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_key FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON signing_key TO comity_owner USING (true);

-- A device without a keyboard waits for somebody to sign in elsewhere; no tenant is known before that.
CREATE TABLE device_request (
  id uuid NOT NULL,
  user_code text COLLATE "C" NOT NULL,
  app_id uuid NOT NULL,
  authority text NOT NULL,                         -- as the device named it: a tenant's id, or one of Entra's words
  scopes text[] NOT NULL,
  state text NOT NULL,
  interval_s integer NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  polled_at timestamp with time zone,
  for_tenant uuid,                                 -- whose grant the device gets
  for_user uuid,
  for_grant uuid,
  CONSTRAINT device_request_pkey PRIMARY KEY (id),
  CONSTRAINT device_request_state CHECK (state = ANY (ARRAY['pending'::text, 'approved'::text, 'declined'::text]))
);
-- Those that nobody came back for are removed as new ones come.
CREATE INDEX device_request_by_age ON device_request (expires_at);
-- Somebody types the code.
CREATE UNIQUE INDEX device_request_by_code ON device_request (user_code);
ALTER TABLE device_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_request FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON device_request TO comity_owner USING (true);

-- A personal account that is asked for; it comes into being when its mail address was confirmed.
CREATE TABLE registration (
  id uuid NOT NULL,
  mail text NOT NULL,
  display_name text NOT NULL,
  password_hash text NOT NULL,
  secret_sha256 bytea NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT registration_pkey PRIMARY KEY (id)
);
-- Those that nobody confirmed are removed as new ones come.
CREATE INDEX registration_by_age ON registration (expires_at);
ALTER TABLE registration ENABLE ROW LEVEL SECURITY;
ALTER TABLE registration FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON registration TO comity_owner USING (true);

-- How often somebody was wrong of late: by account name, or by address. Names are hashed, and counted whether or
-- not they exist, so that the answer gives nothing away.
CREATE TABLE sign_in_attempt (
  key bytea NOT NULL,
  failures integer NOT NULL,
  first_at timestamp with time zone NOT NULL,
  last_at timestamp with time zone NOT NULL,
  CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (key)
);
-- Old ones are removed as new ones come.
CREATE INDEX sign_in_attempt_by_age ON sign_in_attempt (last_at);
ALTER TABLE sign_in_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON sign_in_attempt TO comity_owner USING (true);

CREATE TABLE installation_audit (
  id uuid NOT NULL,
  at timestamp with time zone NOT NULL,
  actor_kind text NOT NULL,
  actor_name text NOT NULL,
  action text NOT NULL,
  before jsonb,
  after jsonb,
  reason text,
  request_id uuid NOT NULL,
  CONSTRAINT installation_audit_pkey PRIMARY KEY (id)
);
ALTER TABLE installation_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE installation_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON installation_audit TO comity_owner USING (true);

CREATE TABLE feed_counter (
  tenant_id uuid NOT NULL,
  position bigint NOT NULL,                        -- dense; taken by a transaction's last statement
  floor bigint NOT NULL,                           -- readers below start over
  settled bigint NOT NULL,                         -- up to here flushed for certain: it survives the server
  CONSTRAINT feed_counter_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE feed_counter ENABLE ROW LEVEL SECURITY;
ALTER TABLE feed_counter FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON feed_counter USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON feed_counter TO comity_app;

CREATE TABLE feed_entry (
  tenant_id uuid NOT NULL,
  position bigint NOT NULL,
  kind smallint NOT NULL,
  object_id uuid NOT NULL,
  related_id uuid,                                 -- the member of a group, the principal of an assignment
  changed bigint NOT NULL,                         -- bit set of attributes; never values
  cause uuid,
  at timestamp with time zone NOT NULL,
  CONSTRAINT feed_entry_pkey PRIMARY KEY (tenant_id, "position")
);
-- What a tenant's own sync reads, without what others' sync wrote: the highest bit marks B2B identities. In a
-- mesh those are nearly all entries, and here they cost nothing.
CREATE INDEX feed_entry_own ON feed_entry (tenant_id, "position") WHERE (changed < '4611686018427387904'::bigint);
ALTER TABLE feed_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE feed_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON feed_entry USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON feed_entry TO comity_app;

CREATE TABLE feed_cursor (
  tenant_id uuid NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT feed_cursor_pkey PRIMARY KEY (tenant_id, consumer)
);
ALTER TABLE feed_cursor ENABLE ROW LEVEL SECURITY;
ALTER TABLE feed_cursor FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON feed_cursor USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON feed_cursor TO comity_app;

CREATE TABLE audit_entry (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamp with time zone NOT NULL,
  actor_kind text NOT NULL,
  actor_id uuid,
  actor_name text NOT NULL,
  action text NOT NULL,
  object_kind text NOT NULL,
  object_id uuid,
  before jsonb,
  after jsonb,
  reason text,
  request_id uuid NOT NULL,
  cause uuid NOT NULL,
  CONSTRAINT audit_entry_pkey PRIMARY KEY (tenant_id, id)
);
-- "What happened to this object?"
CREATE INDEX audit_entry_by_object ON audit_entry (tenant_id, object_id, id);
-- "What was external access like on that day?": few of a tenant's entries, among many.
CREATE INDEX audit_entry_of_access ON audit_entry (tenant_id, id) WHERE (object_kind = ANY (ARRAY['externalAccess'::text, 'externalAccessPolicy'::text, 'directoryContact'::text, 'groupPolicy'::text]));
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON audit_entry USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON audit_entry TO comity_app;

-- A mail on its way: a code and its facts, which become words when it is sent; never sent inside a transaction.
CREATE TABLE mail (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  code text NOT NULL,
  facts jsonb NOT NULL,
  language text NOT NULL,
  recipients text[] NOT NULL,
  state text NOT NULL,
  fault text,                                      -- what the last attempt ran into
  created_at timestamp with time zone NOT NULL,
  sent_at timestamp with time zone,
  CONSTRAINT mail_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT mail_state CHECK (state = ANY (ARRAY['waiting'::text, 'sent'::text, 'failed'::text]))
);
ALTER TABLE mail ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON mail USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON mail TO comity_app;

CREATE TABLE users (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  display_name text NOT NULL,
  given_name text,
  surname text,
  mail_nickname text,
  user_principal_name text NOT NULL,
  upn_key text COLLATE "C" NOT NULL,               -- folded; living people only must differ
  mail text,
  mail_key text COLLATE "C",
  user_type text NOT NULL,
  creation_type text,
  external_user_state text,
  external_state_at timestamp with time zone,
  account_enabled boolean NOT NULL,
  disabled_by_sync boolean,                        -- a B2B user's: the partner's sync disabled it, nobody here
  show_in_address_list boolean NOT NULL,
  home_tenant_id uuid,                             -- null: this is the person's own account
  home_user_id uuid,                               -- null with a home tenant: pending guest
  street_address text,
  city text,
  state text,
  postal_code text,
  country text,
  company_name text,
  department text,
  employee_id text,
  job_title text,
  office_location text,
  preferred_language text,
  usage_location text,
  business_phone text,
  mobile_phone text,
  manager_id uuid,
  extensions jsonb,                                -- directory extensions by name; null: none
  given_key text COLLATE "C" NOT NULL,
  surname_key text COLLATE "C" NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  created_at timestamp with time zone NOT NULL,
  deleted_at timestamp with time zone,
  deleted_by text,
  purged_at timestamp with time zone,              -- tombstone: attributes are gone, the principal stays
  CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
  -- A person stands in a tenant once, living or soft-deleted (design §4.4).
  CONSTRAINT users_home_unique UNIQUE (tenant_id, home_tenant_id, home_user_id),
  -- Deferrable, so that swaps and chains of renames pass (design §4.11).
  CONSTRAINT users_upn_unique EXCLUDE USING btree (tenant_id WITH =, upn_key WITH =) WHERE (deleted_at IS NULL) DEFERRABLE,
  CONSTRAINT users_deleted_by CHECK (deleted_by = ANY (ARRAY['admin'::text, 'sync'::text, 'self'::text])),
  CONSTRAINT users_external_state CHECK (external_user_state = ANY (ARRAY['PendingAcceptance'::text, 'Accepted'::text])),
  -- Who is at home here has an account, not a stand-in for one.
  CONSTRAINT users_home_elsewhere CHECK (home_tenant_id <> tenant_id),
  -- The pair of design §4.4: a person without her tenant is nobody.
  CONSTRAINT users_home_pair CHECK (home_user_id IS NULL OR home_tenant_id IS NOT NULL),
  CONSTRAINT users_user_type CHECK (user_type = ANY (ARRAY['Member'::text, 'Guest'::text]))
);
-- Name search: both orders of the name, over visible people only, so that no row is read for nothing; the
-- tenant's own before those from elsewhere. Internal guests are found by nobody (people-search §2). The second
-- key is in the other collation of the same order: a range of it then reaches the index that it stands second
-- in, and cannot lure the planner into the other one, where it would lead.
CREATE INDEX users_by_given ON users (tenant_id, ((creation_type IS NOT NULL)), given_key, surname_key COLLATE "POSIX", id) WHERE ((deleted_at IS NULL) AND account_enabled AND show_in_address_list AND ((user_type = 'Member'::text) OR (creation_type IS NOT NULL)));
-- Exact mail inside the tenant.
CREATE INDEX users_by_mail ON users (tenant_id, mail_key) WHERE (deleted_at IS NULL);
-- Lists in order of names, and names by their beginnings (Graph `$orderby`, `startsWith`).
CREATE INDEX users_by_name ON users (tenant_id, name_key, id) WHERE (deleted_at IS NULL);
-- The same by surname: half of all people are looked for by it.
CREATE INDEX users_by_surname ON users (tenant_id, ((creation_type IS NOT NULL)), surname_key, given_key COLLATE "POSIX", id) WHERE ((deleted_at IS NULL) AND account_enabled AND show_in_address_list AND ((user_type = 'Member'::text) OR (creation_type IS NOT NULL)));
-- Recycle bin and its sweeper.
CREATE INDEX users_deleted ON users (tenant_id, deleted_at) WHERE (deleted_at IS NOT NULL);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON users USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON users TO comity_app;

CREATE TABLE people_index (
  tenant_id uuid NOT NULL,
  rules integer NOT NULL,                          -- by which rules the words were made; others: walk over everybody
  walked_to uuid,                                  -- how far such a walk has come
  stale_since timestamp with time zone,            -- since when the dictionary may hold words that nobody bears
  version bigint NOT NULL,
  CONSTRAINT people_index_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE people_index ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_index FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON people_index USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON people_index TO comity_app;

CREATE TABLE person_word (
  tenant_id uuid NOT NULL,
  part smallint NOT NULL,                          -- which part of the person it comes from
  word text COLLATE "C" NOT NULL,                  -- folded
  user_id uuid NOT NULL,
  CONSTRAINT person_word_pkey PRIMARY KEY (tenant_id, part, word, user_id)
);
-- "Which words does this person have?": to change them, and to look whether other words match her too.
CREATE INDEX person_word_by_user ON person_word (tenant_id, user_id);
ALTER TABLE person_word ENABLE ROW LEVEL SECURITY;
ALTER TABLE person_word FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON person_word USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON person_word TO comity_app;

CREATE TABLE name_word (
  tenant_id uuid NOT NULL,
  word text COLLATE "C" NOT NULL,                  -- a folded word of somebody's name
  CONSTRAINT name_word_pkey PRIMARY KEY (tenant_id, word)
);
ALTER TABLE name_word ENABLE ROW LEVEL SECURITY;
ALTER TABLE name_word FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON name_word USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON name_word TO comity_app;

CREATE TABLE name_variant (
  tenant_id uuid NOT NULL,
  variant text COLLATE "C" NOT NULL,               -- the word's beginning with up to two letters left out
  word text COLLATE "C" NOT NULL,
  CONSTRAINT name_variant_pkey PRIMARY KEY (tenant_id, variant, word)
);
ALTER TABLE name_variant ENABLE ROW LEVEL SECURITY;
ALTER TABLE name_variant FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON name_variant USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON name_variant TO comity_app;

CREATE TABLE lookup_rate (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  minute timestamp with time zone NOT NULL,        -- by the machine's clock
  lookups integer NOT NULL,
  CONSTRAINT lookup_rate_pkey PRIMARY KEY (tenant_id, user_id)
);
ALTER TABLE lookup_rate ENABLE ROW LEVEL SECURITY;
ALTER TABLE lookup_rate FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON lookup_rate USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON lookup_rate TO comity_app;

CREATE TABLE groups (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  display_name text NOT NULL,
  description text,
  mail_nickname text,
  security_enabled boolean NOT NULL,
  mail_enabled boolean NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  created_at timestamp with time zone NOT NULL,
  deleted_at timestamp with time zone,
  deleted_by text,
  home_tenant_id uuid,                             -- null: a group of the tenant's own
  home_group_id uuid,                              -- the group elsewhere that sync made this one for
  group_types text[],                              -- `Unified`; null: a plain security group
  visibility text,
  classification text,
  CONSTRAINT groups_pkey PRIMARY KEY (tenant_id, id),
  -- A group of another tenant stands here once, living or soft-deleted, whatever a drain forgot.
  CONSTRAINT groups_home_unique UNIQUE (tenant_id, home_tenant_id, home_group_id),
  CONSTRAINT groups_deleted_by CHECK (deleted_by = ANY (ARRAY['admin'::text, 'sync'::text])),
  -- A group made by sync has both or neither.
  CONSTRAINT groups_home_pair CHECK ((home_group_id IS NULL) = (home_tenant_id IS NULL))
);
-- Groups are named by their name on the command line, and listed in order of it.
CREATE INDEX groups_by_name ON groups (tenant_id, name_key, id) WHERE (deleted_at IS NULL);
ALTER TABLE groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE groups FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON groups USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON groups TO comity_app;

CREATE TABLE group_member (
  tenant_id uuid NOT NULL,
  group_id uuid NOT NULL,
  member_id uuid NOT NULL,
  member_kind text NOT NULL,
  added_at timestamp with time zone NOT NULL,
  CONSTRAINT group_member_pkey PRIMARY KEY (tenant_id, group_id, member_id),
  -- A purged group takes its memberships along.
  CONSTRAINT group_member_group FOREIGN KEY (tenant_id, group_id) REFERENCES groups(tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT group_member_kind CHECK (member_kind = ANY (ARRAY['user'::text, 'group'::text]))
);
-- "Which groups is this person in?"
CREATE INDEX group_member_by_member ON group_member (tenant_id, member_id, group_id);
ALTER TABLE group_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_member FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON group_member USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON group_member TO comity_app;

-- Who answers for a group or an application, and may manage it without a role.
CREATE TABLE object_owner (
  tenant_id uuid NOT NULL,
  object_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  added_at timestamp with time zone NOT NULL,
  CONSTRAINT object_owner_pkey PRIMARY KEY (tenant_id, object_id, owner_id)
);
-- What does this person answer for? Asked when she leaves for good.
CREATE INDEX object_owner_by_owner ON object_owner (tenant_id, owner_id);
ALTER TABLE object_owner ENABLE ROW LEVEL SECURITY;
ALTER TABLE object_owner FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON object_owner USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON object_owner TO comity_app;

CREATE TABLE tenant_setting (
  tenant_id uuid NOT NULL,
  guest_user_role_id uuid NOT NULL,
  invitations_allowed boolean NOT NULL,            -- "who can invite" is not "no one"
  soft_delete_retention_s bigint NOT NULL,
  version bigint NOT NULL,
  invites_from text,
  members_create_apps boolean,
  members_create_groups boolean,
  members_read_users boolean,
  contacts jsonb,                                  -- mail addresses of the organisation, as Graph names them
  CONSTRAINT tenant_setting_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT tenant_setting_invites CHECK (invites_from = ANY (ARRAY['none'::text, 'adminsAndGuestInviters'::text, 'adminsGuestInvitersAndAllMembers'::text, 'everyone'::text]))
);
ALTER TABLE tenant_setting ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_setting FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON tenant_setting USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON tenant_setting TO comity_app;

CREATE TABLE credential (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  password_hash text,
  changed_at timestamp with time zone NOT NULL,
  tokens_valid_from timestamp with time zone NOT NULL,
  CONSTRAINT credential_pkey PRIMARY KEY (tenant_id, user_id)
);
ALTER TABLE credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE credential FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON credential USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON credential TO comity_app;

CREATE TABLE application (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  app_id uuid NOT NULL,
  display_name text NOT NULL,
  is_public boolean NOT NULL,                      -- a public client has no secret
  password_flow boolean NOT NULL,                  -- may use username and password
  permissions text[] NOT NULL,                     -- application permissions, Graph names
  scopes text[] NOT NULL,                          -- delegated permissions
  redirect_uris text[] NOT NULL,                   -- where authorization codes may be sent
  created_at timestamp with time zone NOT NULL,
  disabled_at timestamp with time zone,
  version bigint NOT NULL,
  template_id uuid,                                -- made from a template: cross-tenant sync
  document jsonb,                                  -- what Graph's clients keep with an application; nothing acts on it
  CONSTRAINT application_pkey PRIMARY KEY (tenant_id, id),
  -- A client names itself by this id when it asks for a token.
  CONSTRAINT application_app_id UNIQUE (tenant_id, app_id)
);
ALTER TABLE application ENABLE ROW LEVEL SECURITY;
ALTER TABLE application FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON application USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON application TO comity_app;

CREATE TABLE application_secret (
  tenant_id uuid NOT NULL,
  application_id uuid NOT NULL,
  id uuid NOT NULL,
  secret_sha256 bytea NOT NULL,
  hint text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT application_secret_pkey PRIMARY KEY (tenant_id, application_id, id),
  -- Secrets go with their application: none outlives it.
  CONSTRAINT application_secret_app FOREIGN KEY (tenant_id, application_id) REFERENCES application(tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE application_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE application_secret FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON application_secret USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON application_secret TO comity_app;

-- What an application may prove itself with instead of a secret: only its public half is here.
CREATE TABLE application_certificate (
  tenant_id uuid NOT NULL,
  application_id uuid NOT NULL,
  id uuid NOT NULL,
  certificate bytea NOT NULL,                      -- DER
  sha1 bytea NOT NULL,                             -- thumbprints: how an assertion names it (x5t, x5t#S256)
  sha256 bytea NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT application_certificate_pkey PRIMARY KEY (tenant_id, application_id, id),
  -- An assertion names one of them.
  CONSTRAINT application_certificate_once UNIQUE (tenant_id, application_id, sha256),
  -- Certificates go with their application: none outlives it.
  CONSTRAINT application_certificate_app FOREIGN KEY (tenant_id, application_id) REFERENCES application(tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE application_certificate ENABLE ROW LEVEL SECURITY;
ALTER TABLE application_certificate FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON application_certificate USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON application_certificate TO comity_app;

-- What somebody allowed a client that no administrator of hers has vouched for: personal accounts.
CREATE TABLE app_consent (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  app_id uuid NOT NULL,
  scopes text[] NOT NULL,
  granted_at timestamp with time zone NOT NULL,
  CONSTRAINT app_consent_pkey PRIMARY KEY (tenant_id, user_id, app_id)
);
ALTER TABLE app_consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE app_consent FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON app_consent USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON app_consent TO comity_app;

-- Somebody is signed in with a browser, at home.
CREATE TABLE sign_in_session (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  secret_sha256 bytea NOT NULL,
  client text NOT NULL,                            -- what the browser says that it is
  created_at timestamp with time zone NOT NULL,    -- when the password was given
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  CONSTRAINT sign_in_session_pkey PRIMARY KEY (tenant_id, id)
);
-- "Where am I signed in?", and the end of all of them.
CREATE INDEX sign_in_session_by_user ON sign_in_session (tenant_id, user_id);
ALTER TABLE sign_in_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_session FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sign_in_session USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON sign_in_session TO comity_app;

-- Somebody let a client act for her: a code first, then one refresh token after the other.
CREATE TABLE sign_in_grant (
  tenant_id uuid NOT NULL,                         -- where the client acts; for a B2B user not her home
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  app_id uuid NOT NULL,
  home_tenant_id uuid NOT NULL,                    -- who signed in
  home_user_id uuid NOT NULL,
  scopes text[] NOT NULL,
  redirect_uri text,
  code_challenge text,
  nonce text,
  signed_in_at timestamp with time zone NOT NULL,
  created_at timestamp with time zone NOT NULL,
  code_expires_at timestamp with time zone NOT NULL,
  generation integer NOT NULL,                     -- 0: the code was not redeemed; n: the n-th refresh token counts
  used_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  ended_why text,
  CONSTRAINT sign_in_grant_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT sign_in_grant_why CHECK (ended_why = ANY (ARRAY['revoked'::text, 'reused'::text]))
);
-- "Which programs act for me?", and the end of all of them.
CREATE INDEX sign_in_grant_by_user ON sign_in_grant (tenant_id, user_id);
ALTER TABLE sign_in_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_grant FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sign_in_grant USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON sign_in_grant TO comity_app;

-- Where a tenant's people sign in if not here: an OpenID Connect provider.
CREATE TABLE upstream_provider (
  tenant_id uuid NOT NULL,
  display_name text NOT NULL,
  issuer text NOT NULL,
  client_id text NOT NULL,
  sealed_secret bytea,                             -- sealed with the key outside the database; null: a public client
  claim text NOT NULL,                             -- which claim names the person
  scopes text NOT NULL,
  changed_at timestamp with time zone NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT upstream_provider_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE upstream_provider ENABLE ROW LEVEL SECURITY;
ALTER TABLE upstream_provider FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON upstream_provider USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON upstream_provider TO comity_app;

-- A phone number that a personal account claims, until the code sent there comes back.
CREATE TABLE phone_claim (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  phone text NOT NULL,
  sealed_code bytea NOT NULL,
  attempts integer NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT phone_claim_pkey PRIMARY KEY (tenant_id, user_id)
);
ALTER TABLE phone_claim ENABLE ROW LEVEL SECURITY;
ALTER TABLE phone_claim FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON phone_claim USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON phone_claim TO comity_app;

CREATE TABLE directory_role_member (
  tenant_id uuid NOT NULL,
  role text NOT NULL,                              -- Graph's role template name
  principal_id uuid NOT NULL,
  added_at timestamp with time zone NOT NULL,
  CONSTRAINT directory_role_member_pkey PRIMARY KEY (tenant_id, role, principal_id)
);
-- "Which roles has this person?", asked at each request (design §7).
CREATE INDEX directory_role_member_by_principal ON directory_role_member (tenant_id, principal_id);
ALTER TABLE directory_role_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory_role_member FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON directory_role_member USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON directory_role_member TO comity_app;

CREATE TABLE one_time_link (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  purpose text NOT NULL,
  token_sha256 bytea NOT NULL,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  CONSTRAINT one_time_link_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT one_time_link_purpose CHECK (purpose = ANY (ARRAY['first-admin'::text, 'invitation'::text]))
);
ALTER TABLE one_time_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE one_time_link FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON one_time_link USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON one_time_link TO comity_app;

CREATE TABLE organization_seat (
  tenant_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  local_id uuid NOT NULL,                          -- the id that this tenant knows the organisation by
  state text NOT NULL,
  invited_by uuid NOT NULL,
  CONSTRAINT organization_seat_pkey PRIMARY KEY (tenant_id, organization_id),
  CONSTRAINT organization_seat_state CHECK (state = ANY (ARRAY['pending'::text, 'active'::text]))
);
-- A tenant is active in one organisation at most.
CREATE UNIQUE INDEX organization_seat_one_active ON organization_seat (tenant_id) WHERE (state = 'active'::text);
ALTER TABLE organization_seat ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_seat FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON organization_seat USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON organization_seat TO comity_app;

CREATE TABLE organization (
  organization_id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT organization_pkey PRIMARY KEY (organization_id)
);
ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization FORCE ROW LEVEL SECURITY;
CREATE POLICY changed ON organization FOR UPDATE USING ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization.organization_id))))) WITH CHECK ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization.organization_id) AND (s.state = 'active'::text)))));
CREATE POLICY dissolved ON organization FOR DELETE USING ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization.organization_id) AND (s.state = 'active'::text)))));
CREATE POLICY founded ON organization FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization.organization_id) AND (s.state = 'active'::text)))));
CREATE POLICY seated ON organization FOR SELECT USING ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization.organization_id)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON organization TO comity_app;

CREATE TABLE organization_member (
  organization_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  display_name text NOT NULL,
  role text NOT NULL,
  desired_role text,
  state text NOT NULL,
  added_by uuid NOT NULL,
  added_at timestamp with time zone NOT NULL,
  joined_at timestamp with time zone,
  version bigint NOT NULL,
  CONSTRAINT organization_member_pkey PRIMARY KEY (organization_id, tenant_id),
  -- the list goes with it
  CONSTRAINT organization_member_of FOREIGN KEY (organization_id) REFERENCES organization(organization_id) ON DELETE CASCADE,
  CONSTRAINT organization_member_role CHECK (role = ANY (ARRAY['owner'::text, 'member'::text])),
  CONSTRAINT organization_member_state CHECK (state = ANY (ARRAY['pending'::text, 'active'::text, 'removed'::text]))
);
ALTER TABLE organization_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_member FORCE ROW LEVEL SECURITY;
CREATE POLICY added ON organization_member FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization_member.organization_id) AND (s.state = 'active'::text)))));
CREATE POLICY changed ON organization_member FOR UPDATE USING ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization_member.organization_id) AND (s.state = 'active'::text)))));
CREATE POLICY removed ON organization_member FOR DELETE USING ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization_member.organization_id) AND (s.state = 'active'::text)))));
CREATE POLICY seated ON organization_member FOR SELECT USING ((EXISTS ( SELECT
   FROM organization_seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.organization_id = organization_member.organization_id) AND ((s.state = 'active'::text) OR ((organization_member.tenant_id = s.tenant_id) OR (organization_member.tenant_id = s.invited_by)))))));
GRANT DELETE, INSERT, SELECT, UPDATE ON organization_member TO comity_app;

CREATE TABLE partner (
  tenant_id uuid NOT NULL,
  partner_tenant_id uuid NOT NULL,                 -- may lie outside this installation
  redeem_inbound boolean,                          -- automaticUserConsentSettings.inboundAllowed; null = the tenant's default
  redeem_outbound boolean,
  inbound_trust jsonb,
  created_at timestamp with time zone NOT NULL,
  version bigint NOT NULL,
  document jsonb,                                  -- B2B settings that are kept and shown; nothing acts on them
  CONSTRAINT partner_pkey PRIMARY KEY (tenant_id, partner_tenant_id),
  -- Nobody is a partner of himself: decisions inside a tenant never look here.
  CONSTRAINT partner_other CHECK (partner_tenant_id <> tenant_id)
);
ALTER TABLE partner ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON partner USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON partner TO comity_app;

CREATE TABLE partner_sync (
  tenant_id uuid NOT NULL,
  partner_tenant_id uuid NOT NULL,
  display_name text,
  user_sync_inbound boolean,
  group_sync_inbound boolean,
  version bigint NOT NULL,
  CONSTRAINT partner_sync_pkey PRIMARY KEY (tenant_id, partner_tenant_id),
  -- The partner cannot be deleted while its sync policy hangs on it (provisioning §2).
  CONSTRAINT partner_sync_partner FOREIGN KEY (tenant_id, partner_tenant_id) REFERENCES partner(tenant_id, partner_tenant_id)
);
ALTER TABLE partner_sync ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_sync FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON partner_sync USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON partner_sync TO comity_app;

-- What a partner's sync leaves alone here. The resource tenant's own matter: nothing of it is read elsewhere,
-- and it outlives the partner entry, so that a relation that begins anew does not begin with a surprise.
CREATE TABLE partner_kept (
  tenant_id uuid NOT NULL,
  partner_tenant_id uuid NOT NULL,
  attributes bigint NOT NULL,                      -- a bit set: never overwritten
  disabled boolean NOT NULL,                       -- accounts that were disabled here stay so
  version bigint NOT NULL,                         -- raised with vetoes, too: a plan's guard
  CONSTRAINT partner_kept_pkey PRIMARY KEY (tenant_id, partner_tenant_id)
);
ALTER TABLE partner_kept ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_kept FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON partner_kept USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON partner_kept TO comity_app;

-- Home identities that a partner's sync never creates here.
CREATE TABLE partner_veto (
  tenant_id uuid NOT NULL,
  partner_tenant_id uuid NOT NULL,
  home_user_id uuid NOT NULL,                      -- may stand for nobody here
  added_at timestamp with time zone NOT NULL,
  CONSTRAINT partner_veto_pkey PRIMARY KEY (tenant_id, partner_tenant_id, home_user_id)
);
ALTER TABLE partner_veto ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_veto FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON partner_veto USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON partner_veto TO comity_app;

-- What a tenant does to partners of its multitenant organisation, at its own join and at each later one
-- (provisioning §1.6). No row: nothing is configured. Null leaves the partner's value alone.
CREATE TABLE partner_template (
  tenant_id uuid NOT NULL,
  redeem_inbound boolean,                          -- multiTenantOrganizationPartnerConfiguration
  redeem_outbound boolean,
  inbound_trust jsonb,
  partner_new boolean NOT NULL,                    -- templateApplicationLevel newPartners
  partner_existing boolean NOT NULL,               -- templateApplicationLevel existingPartners
  user_sync_inbound boolean,                       -- multiTenantOrganizationIdentitySynchronization
  sync_new boolean NOT NULL,
  sync_existing boolean NOT NULL,
  version bigint NOT NULL,
  document jsonb,                                  -- B2B settings, as in partner
  CONSTRAINT partner_template_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE partner_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_template FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON partner_template USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON partner_template TO comity_app;

-- What holds toward tenants without an entry of their own, as far as it can be changed; null: as it comes.
CREATE TABLE partner_default (
  tenant_id uuid NOT NULL,
  document jsonb,
  cloud_endpoints text[] NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT partner_default_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE partner_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_default FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON partner_default USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON partner_default TO comity_app;

CREATE TABLE sync_job (
  tenant_id uuid NOT NULL,                         -- the source: everything is configured there
  id uuid NOT NULL,
  version bigint NOT NULL,                         -- of mapping, scope, filter, actions: the plan guard
  name text NOT NULL,                              -- MTO_Sync_<target> for organisation-wide shares
  target_tenant_id uuid NOT NULL,
  origin text NOT NULL,
  state text NOT NULL,
  state_reason text,
  scope_mode text NOT NULL,
  for_later_tenants boolean NOT NULL,              -- "also for tenants that join later"
  action_add boolean NOT NULL,                     -- target object actions
  action_update boolean NOT NULL,
  action_delete boolean NOT NULL,
  mapping jsonb,                                   -- null: the default table of provisioning §5.2
  filter jsonb,                                    -- null: everything passes
  drift_repair boolean NOT NULL,                   -- may accounts that were changed in the target be brought back?
  groups boolean NOT NULL,                         -- are assigned groups synced as groups, too?
  groups_due boolean NOT NULL,                     -- a drain was cut off after people came or went, before their groups were looked at
  read_bits bigint NOT NULL,                       -- source attributes that mapping and filter read: what wakes the job
  always_bits bigint NOT NULL,                     -- target attributes that the mapping writes again and again
  interval_s integer NOT NULL,
  threshold_on boolean NOT NULL,                   -- accidental-deletion prevention (design D8)
  threshold_number integer,                        -- null: no number counts
  threshold_percent integer,                       -- of the links; null: no share counts
  watermark bigint,                                -- feed position read so far; null: never run
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT sync_job_pkey PRIMARY KEY (tenant_id, id),
  -- A tenant never syncs into itself.
  CONSTRAINT sync_job_elsewhere CHECK (target_tenant_id <> tenant_id),
  CONSTRAINT sync_job_origin CHECK (origin = ANY (ARRAY['organization'::text, 'pair'::text])),
  CONSTRAINT sync_job_scope CHECK (scope_mode = ANY (ARRAY['assigned'::text, 'all'::text])),
  CONSTRAINT sync_job_state CHECK (state = ANY (ARRAY['NotConfigured'::text, 'Paused'::text, 'Active'::text, 'Quarantine'::text])),
  -- Zero is a word, too: nobody is deleted without somebody's leave.
  CONSTRAINT sync_job_threshold_number CHECK (threshold_number >= 0),
  -- A share of the links is one of all of them at most.
  CONSTRAINT sync_job_threshold_percent CHECK (threshold_percent >= 1 AND threshold_percent <= 100)
);
ALTER TABLE sync_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_job FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_job USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_job TO comity_app;

CREATE TABLE sync_assignment (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  principal_id uuid NOT NULL,
  principal_kind text NOT NULL,
  assigned_at timestamp with time zone NOT NULL,
  CONSTRAINT sync_assignment_pkey PRIMARY KEY (tenant_id, job_id, principal_id),
  -- A deleted job takes its assignments along.
  CONSTRAINT sync_assignment_job FOREIGN KEY (tenant_id, job_id) REFERENCES sync_job(tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT sync_assignment_kind CHECK (principal_kind = ANY (ARRAY['user'::text, 'group'::text]))
);
-- A membership changes: which jobs have this group?
CREATE INDEX sync_assignment_by_principal ON sync_assignment (tenant_id, principal_id, job_id);
-- The few groups among many people.
CREATE INDEX sync_assignment_groups ON sync_assignment (tenant_id, job_id, principal_id) WHERE (principal_kind = 'group'::text);
ALTER TABLE sync_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_assignment USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_assignment TO comity_app;

-- The link: which target object stands for this source object, and where its newest step is. Who failed is in
-- escrow: a failure does not end a link, and links are many while failures are few.
CREATE TABLE sync_object (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  source_id uuid NOT NULL,
  kind text NOT NULL,
  target_id uuid,
  state text NOT NULL,
  plan_id uuid NOT NULL,
  step integer NOT NULL,
  target_version bigint NOT NULL,                  -- after the newest step: single people are done beside a drain
  CONSTRAINT sync_object_pkey PRIMARY KEY (tenant_id, job_id, source_id),
  CONSTRAINT sync_object_kind CHECK (kind = ANY (ARRAY['user'::text, 'group'::text])),
  CONSTRAINT sync_object_state CHECK (state = ANY (ARRAY['linked'::text, 'deleted'::text]))
);
ALTER TABLE sync_object ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_object FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_object USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_object TO comity_app;

-- A deletion that the threshold held back, until somebody allows or rejects it, or the reason for it goes away.
-- A rejected one stays, so that the next look does not begin anew.
CREATE TABLE sync_held (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  source_id uuid NOT NULL,
  kind text NOT NULL,
  target_id uuid,
  state text NOT NULL,
  cause uuid NOT NULL,                             -- what set the deletion off; once allowed, the approval
  held_at timestamp with time zone NOT NULL,
  CONSTRAINT sync_held_pkey PRIMARY KEY (tenant_id, job_id, source_id),
  -- What is held goes with its job.
  CONSTRAINT sync_held_job FOREIGN KEY (tenant_id, job_id) REFERENCES sync_job(tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT sync_held_kind CHECK (kind = ANY (ARRAY['user'::text, 'group'::text])),
  CONSTRAINT sync_held_state CHECK (state = ANY (ARRAY['waiting'::text, 'allowed'::text, 'rejected'::text]))
);
ALTER TABLE sync_held ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_held FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_held USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_held TO comity_app;

-- Escrow: who failed in a job, why, and when she is tried again (provisioning §9). Success, a change of hers
-- that succeeds, or four weeks end it.
CREATE TABLE sync_escrow (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  source_id uuid NOT NULL,
  kind text NOT NULL,
  code text NOT NULL,
  details jsonb,                                   -- facts behind the code, never a person's values
  failed_since timestamp with time zone NOT NULL,  -- the first failure of this series
  failed_at timestamp with time zone NOT NULL,
  attempts integer NOT NULL,
  retry_at timestamp with time zone NOT NULL,
  CONSTRAINT sync_escrow_pkey PRIMARY KEY (tenant_id, job_id, source_id),
  -- A deleted job takes its failures along.
  CONSTRAINT sync_escrow_job FOREIGN KEY (tenant_id, job_id) REFERENCES sync_job(tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT sync_escrow_kind CHECK (kind = ANY (ARRAY['user'::text, 'group'::text]))
);
-- Each drain asks who is to be tried again.
CREATE INDEX sync_escrow_due ON sync_escrow (tenant_id, job_id, retry_at);
ALTER TABLE sync_escrow ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_escrow FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_escrow USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_escrow TO comity_app;

-- Why a job is in quarantine, and when it is tried again (Graph synchronizationQuarantine); gone when it is
-- lifted.
CREATE TABLE sync_quarantine (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  reason text NOT NULL,
  error text NOT NULL,                             -- the code behind the reason
  facts jsonb NOT NULL,                            -- what its sentence says
  current_began timestamp with time zone NOT NULL, -- last imposed or left in force
  series_began timestamp with time zone NOT NULL,
  series_count bigint NOT NULL,                    -- how often it was left in force
  next_attempt timestamp with time zone NOT NULL,
  CONSTRAINT sync_quarantine_pkey PRIMARY KEY (tenant_id, job_id),
  -- A deleted job takes its quarantine along.
  CONSTRAINT sync_quarantine_job FOREIGN KEY (tenant_id, job_id) REFERENCES sync_job(tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT sync_quarantine_reason CHECK (reason = ANY (ARRAY['EncounteredBaseEscrowThreshold'::text, 'EncounteredTotalEscrowThreshold'::text, 'EncounteredEscrowProportionThreshold'::text, 'EncounteredQuarantineException'::text, 'Unknown'::text, 'QuarantinedOnDemand'::text, 'TooManyDeletes'::text, 'IngestionInterrupted'::text]))
);
ALTER TABLE sync_quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_quarantine FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_quarantine USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_quarantine TO comity_app;

-- Whom a job tells by mail that it is in quarantine, or that deletes are held (Graph SyncNotificationSettings).
CREATE TABLE sync_notification (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  enabled boolean NOT NULL,
  recipients text[] NOT NULL,
  language text NOT NULL,
  CONSTRAINT sync_notification_pkey PRIMARY KEY (tenant_id, job_id),
  -- A deleted job tells nobody anything.
  CONSTRAINT sync_notification_job FOREIGN KEY (tenant_id, job_id) REFERENCES sync_job(tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE sync_notification ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_notification FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_notification USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_notification TO comity_app;

-- A manager who did not stand in the target when his report was last looked at: the report is looked at again
-- when he comes there, in whichever order and however much later (provisioning D-16).
CREATE TABLE sync_reference (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  source_id uuid NOT NULL,                         -- the report
  related_id uuid NOT NULL,                        -- the manager
  CONSTRAINT sync_reference_pkey PRIMARY KEY (tenant_id, job_id, source_id),
  -- What waits for references goes with its job.
  CONSTRAINT sync_reference_job FOREIGN KEY (tenant_id, job_id) REFERENCES sync_job(tenant_id, id) ON DELETE CASCADE
);
-- Who waits for these managers?
CREATE INDEX sync_reference_by_related ON sync_reference (tenant_id, related_id, job_id);
ALTER TABLE sync_reference ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_reference FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_reference USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_reference TO comity_app;

-- One decision: a drain's, a preview's, an undo's. `state` drain: applying until its watermark stands.
CREATE TABLE sync_plan (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  job_id uuid NOT NULL,                            -- cleanup: the partner whose accounts it is about
  run_id uuid,                                     -- undo: the run that is undone; cleanup: the plan that is taken back
  kind text NOT NULL,
  state text NOT NULL,
  guard jsonb NOT NULL,                            -- versions of job, partners, memberships (design D7)
  proposal jsonb,                                  -- what of the job the plan would change; null: the job as it is
  counts jsonb NOT NULL,
  looked_at bigint NOT NULL,                       -- people looked at so far
  stop_asked boolean NOT NULL,                     -- halt before the next batch
  from_position bigint,
  to_position bigint,
  created_at timestamp with time zone NOT NULL,
  expires_at timestamp with time zone,
  cause uuid NOT NULL,
  CONSTRAINT sync_plan_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT sync_plan_kind CHECK (kind = ANY (ARRAY['drain'::text, 'preview'::text, 'drift'::text, 'undo'::text, 'demand'::text, 'cleanup'::text])),
  CONSTRAINT sync_plan_state CHECK (state = ANY (ARRAY['planning'::text, 'planned'::text, 'applying'::text, 'applied'::text, 'interrupted'::text, 'refused'::text, 'expired'::text]))
);
-- Drains that were cut off: the next one finishes what they left.
CREATE INDEX sync_plan_applying ON sync_plan (tenant_id, job_id) WHERE (state = 'applying'::text);
ALTER TABLE sync_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_plan USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_plan TO comity_app;

-- Plans that somebody approved, to be applied in the background with that person's rights of that moment.
CREATE TABLE sync_approval (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  at timestamp with time zone NOT NULL,
  actor_kind text NOT NULL,
  actor_id uuid,
  actor_name text NOT NULL,
  roles text[] NOT NULL,
  permissions text[] NOT NULL,
  reason text,
  request_id uuid NOT NULL,
  fault text,                                      -- why it could not be applied, as a code
  fault_facts jsonb,
  CONSTRAINT sync_approval_pkey PRIMARY KEY (tenant_id, plan_id),
  -- An approval goes with its plan.
  CONSTRAINT sync_approval_plan FOREIGN KEY (tenant_id, plan_id) REFERENCES sync_plan(tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE sync_approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_approval FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_approval USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_approval TO comity_app;

-- One item of a stored plan: ids, verdict, changed attributes, guards; never names.
CREATE TABLE sync_step (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  step integer NOT NULL,
  source_id uuid NOT NULL,
  target_id uuid,
  verdict smallint NOT NULL,
  reason text,
  changed bigint NOT NULL,
  source_version bigint,
  target_version bigint,
  outcome smallint,                                -- null until it was applied, dropped, held, or failed
  CONSTRAINT sync_step_pkey PRIMARY KEY (tenant_id, plan_id, step)
);
ALTER TABLE sync_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_step FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_step USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_step TO comity_app;

-- Everything with the same cause, as log and undo see it.
CREATE TABLE sync_run (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  job_id uuid NOT NULL,
  cause uuid NOT NULL,
  kind text NOT NULL,
  state text NOT NULL,
  error text,
  started_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  seconds double precision,                        -- work time on the machine clock
  plans uuid[] NOT NULL,                           -- the plans whose receipts are its own: what undo reads
  created bigint NOT NULL,
  updated bigint NOT NULL,
  deleted bigint NOT NULL,
  restored bigint NOT NULL,
  skipped bigint NOT NULL,
  failed bigint NOT NULL,
  CONSTRAINT sync_run_pkey PRIMARY KEY (tenant_id, id),
  -- A run is everything with the same cause: a second drain of it adds to its row.
  CONSTRAINT sync_run_cause UNIQUE (tenant_id, job_id, cause),
  CONSTRAINT sync_run_kind CHECK (kind = ANY (ARRAY['initial'::text, 'incremental'::text, 'manual'::text, 'undo'::text, 'demand'::text, 'allowed'::text])),
  CONSTRAINT sync_run_state CHECK (state = ANY (ARRAY['Running'::text, 'Succeeded'::text, 'Failed'::text, 'EntryLevelErrors'::text, 'Stopped'::text]))
);
-- The newest run of each job.
CREATE INDEX sync_run_latest ON sync_run (tenant_id, job_id, id);
-- Each drain asks which runs an earlier one left behind.
CREATE INDEX sync_run_running ON sync_run (tenant_id, job_id) WHERE (state = 'Running'::text);
ALTER TABLE sync_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_run FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_run USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_run TO comity_app;

-- In the TARGET tenant, written with the change: its audit, undo's before-image, proof of application (design
-- §4.6).
CREATE TABLE sync_receipt (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  step integer NOT NULL,
  source_tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  source_id uuid NOT NULL,
  target_id uuid NOT NULL,
  action smallint NOT NULL,
  before text[],                                   -- changed attributes in bit order; null for a create
  after text[],
  changed bigint NOT NULL,
  version_after bigint NOT NULL,
  at timestamp with time zone NOT NULL,
  cause uuid NOT NULL,
  kind text,
  CONSTRAINT sync_receipt_pkey PRIMARY KEY (tenant_id, plan_id, step),
  -- null: a user, as nearly always
  CONSTRAINT sync_receipt_kind CHECK (kind = 'group'::text)
);
-- "Who changed this object?"
CREATE INDEX sync_receipt_by_target ON sync_receipt (tenant_id, target_id, plan_id);
ALTER TABLE sync_receipt ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_receipt FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON sync_receipt USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON sync_receipt TO comity_app;

-- In the SOURCE tenant, projected from receipts; keyed alike, so repeating changes nothing.
CREATE TABLE provisioning_log (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  step integer NOT NULL,
  job_id uuid NOT NULL,
  run_id uuid NOT NULL,
  source_id uuid NOT NULL,
  target_id uuid,
  action smallint NOT NULL,
  status smallint NOT NULL,                        -- success, failure, skipped, warning
  code text,
  changed bigint NOT NULL,
  before text[],
  after text[],
  at timestamp with time zone NOT NULL,
  kind text,
  details jsonb,                                   -- facts behind the code, never a person's values
  CONSTRAINT provisioning_log_pkey PRIMARY KEY (tenant_id, plan_id, step),
  -- null: a user, as nearly always
  CONSTRAINT provisioning_log_kind CHECK (kind = 'group'::text)
);
-- "What happened to this person?" and retention by time (plan ids are time-ordered).
CREATE INDEX provisioning_log_by_source ON provisioning_log (tenant_id, source_id, plan_id);
-- "How many were deleted lately?", which the deletion threshold asks: few lines among many.
CREATE INDEX provisioning_log_deletions ON provisioning_log (tenant_id, job_id, at) WHERE (action = 3);
ALTER TABLE provisioning_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE provisioning_log FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON provisioning_log USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON provisioning_log TO comity_app;

CREATE TABLE access_state (
  tenant_id uuid NOT NULL,
  access_version bigint NOT NULL,                  -- raised by every change that can alter a decision (design §4.7)
  CONSTRAINT access_state_pkey PRIMARY KEY (tenant_id)
);
ALTER TABLE access_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_state FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_state USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_state TO comity_app;

CREATE TABLE access_policy (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,                  -- 'Global' or the part after 'Tag:'
  name_key text COLLATE "C" NOT NULL,
  description text NOT NULL,
  enable_federation_access boolean NOT NULL,
  communication_with_external_orgs text NOT NULL,
  enable_consumer_access boolean NOT NULL,
  enable_consumer_inbound boolean NOT NULL,
  restrict_consumer_to_directory boolean NOT NULL,
  federated_bilateral_chats boolean NOT NULL,
  stored_only jsonb NOT NULL,                      -- legacy properties: kept and returned, no effect
  version bigint NOT NULL,
  CONSTRAINT access_policy_pkey PRIMARY KEY (tenant_id, name_key),
  CONSTRAINT access_policy_mode CHECK (communication_with_external_orgs = ANY (ARRAY['OrganizationDefault'::text, 'AllowAllExternalDomains'::text, 'AllowSpecificExternalDomains'::text, 'BlockSpecificExternalDomains'::text, 'BlockAllExternalDomains'::text]))
);
ALTER TABLE access_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_policy USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_policy TO comity_app;

CREATE TABLE tenant_configuration (
  tenant_id uuid NOT NULL,
  allow_federated_users boolean NOT NULL,
  domain_mode text NOT NULL,
  block_all_subdomains boolean NOT NULL,
  allow_teams_consumer boolean NOT NULL,
  allow_teams_consumer_inbound boolean NOT NULL,
  restrict_consumer_to_directory boolean NOT NULL,
  trial_tenants text NOT NULL,
  customize_federation boolean NOT NULL,
  security_team_delegation boolean NOT NULL,
  restrict_chat_participants boolean NOT NULL,
  mutual_chat_participants boolean NOT NULL,
  partners_unverified boolean NOT NULL,
  shared_sip_address_space boolean NOT NULL,
  block_external_users boolean NOT NULL,           -- the list of blocked individuals is in force
  default_policy_key text COLLATE "C",             -- granted tenant-wide; null = Global
  version bigint NOT NULL,
  CONSTRAINT tenant_configuration_pkey PRIMARY KEY (tenant_id),
  -- Nobody has a policy that is not there.
  CONSTRAINT tenant_configuration_default FOREIGN KEY (tenant_id, default_policy_key) REFERENCES access_policy(tenant_id, name_key),
  CONSTRAINT tenant_configuration_mode CHECK (domain_mode = ANY (ARRAY['AllowAllKnownDomains'::text, 'AllowList'::text])),
  CONSTRAINT tenant_configuration_trial CHECK (trial_tenants = ANY (ARRAY['Allowed'::text, 'Blocked'::text]))
);
ALTER TABLE tenant_configuration ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_configuration FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON tenant_configuration USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON tenant_configuration TO comity_app;

-- Domain lists of the configuration (owner '') and of policies (owner = policy name): a decision reads the few
-- rows that can match, not four thousand.
CREATE TABLE access_domain (
  tenant_id uuid NOT NULL,
  owner text COLLATE "C" NOT NULL,
  list text NOT NULL,
  domain text COLLATE "C" NOT NULL,
  CONSTRAINT access_domain_pkey PRIMARY KEY (tenant_id, owner, list, domain),
  CONSTRAINT access_domain_list CHECK (list = ANY (ARRAY['allowed'::text, 'blocked'::text, 'trial'::text]))
);
ALTER TABLE access_domain ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_domain FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_domain USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_domain TO comity_app;

CREATE TABLE blocked_individual (
  tenant_id uuid NOT NULL,
  address_key text COLLATE "C" NOT NULL,
  CONSTRAINT blocked_individual_pkey PRIMARY KEY (tenant_id, address_key)
);
ALTER TABLE blocked_individual ENABLE ROW LEVEL SECURITY;
ALTER TABLE blocked_individual FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON blocked_individual USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON blocked_individual TO comity_app;

CREATE TABLE access_policy_user (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  policy_key text COLLATE "C" NOT NULL,
  granted_at timestamp with time zone NOT NULL,
  CONSTRAINT access_policy_user_pkey PRIMARY KEY (tenant_id, user_id),
  -- Nobody has a policy that is not there.
  CONSTRAINT access_policy_user_policy FOREIGN KEY (tenant_id, policy_key) REFERENCES access_policy(tenant_id, name_key)
);
-- A policy in use is not removed.
CREATE INDEX access_policy_user_by_policy ON access_policy_user (tenant_id, policy_key);
ALTER TABLE access_policy_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_policy_user FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_policy_user USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_policy_user TO comity_app;

-- A group's direct members have its policy, unless they have one of their own; of several groups the lowest rank
-- wins. Ranks are positions 1..n of the tenant's at most 64 assignments.
CREATE TABLE access_policy_group (
  tenant_id uuid NOT NULL,
  group_id uuid NOT NULL,
  policy_key text COLLATE "C" NOT NULL,
  rank integer NOT NULL,
  created_at timestamp with time zone NOT NULL,
  created_by text NOT NULL,                        -- as audit names who did it
  CONSTRAINT access_policy_group_pkey PRIMARY KEY (tenant_id, group_id),
  -- Two groups of one rank would leave open which of them wins; deferrable, so that one statement may move them
  -- all.
  CONSTRAINT access_policy_group_rank UNIQUE (tenant_id, rank) DEFERRABLE,
  -- A purged group takes its assignment along.
  CONSTRAINT access_policy_group_group FOREIGN KEY (tenant_id, group_id) REFERENCES groups(tenant_id, id) ON DELETE CASCADE,
  -- Nobody has a policy that is not there.
  CONSTRAINT access_policy_group_policy FOREIGN KEY (tenant_id, policy_key) REFERENCES access_policy(tenant_id, name_key)
);
ALTER TABLE access_policy_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_policy_group FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_policy_group USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_policy_group TO comity_app;

-- One policy for many people, given in the background: what was ordered, and by whom.
CREATE TABLE access_batch (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  policy text,                                     -- as ordered; null takes direct assignments back
  created_at timestamp with time zone NOT NULL,
  completed_at timestamp with time zone,
  actor_kind text NOT NULL,                        -- who ordered it, for the audit of each assignment
  actor_id uuid,
  actor_name text NOT NULL,
  reason text,
  request_id uuid NOT NULL,
  cause uuid NOT NULL,
  CONSTRAINT access_batch_pkey PRIMARY KEY (tenant_id, id)
);
ALTER TABLE access_batch ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_batch FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_batch USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_batch TO comity_app;

CREATE TABLE access_batch_person (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  position integer NOT NULL,
  named text NOT NULL,                             -- as ordered: id, UPN or mail
  result text,                                     -- null: not yet tried
  CONSTRAINT access_batch_person_pkey PRIMARY KEY (tenant_id, batch_id, "position"),
  -- What is left of a batch goes with it.
  CONSTRAINT access_batch_person_batch FOREIGN KEY (tenant_id, batch_id) REFERENCES access_batch(tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE access_batch_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_batch_person FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON access_batch_person USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON access_batch_person TO comity_app;

-- Who wants to be told of changes: a cursor over the tenant's feed, read out to an address. A lease: its times
-- are the machine clock's.
CREATE TABLE subscription (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  principal_kind text NOT NULL,                    -- whose rights it rests on, and by which token they were shown
  principal_id uuid NOT NULL,
  app_id uuid NOT NULL,
  scopes text[] NOT NULL,
  authorized_at_s bigint NOT NULL,
  resource text NOT NULL,                          -- as it was asked for
  family text NOT NULL,
  object_id uuid,                                  -- null: every object of the family
  change_types text[] NOT NULL,
  notification_url text NOT NULL,
  lifecycle_url text,
  sealed_state bytea,                              -- a text that the subscriber recognises us by
  tls_version text NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  position bigint NOT NULL,                        -- told up to here of the feed
  pending text,                                    -- what is to be said about the subscription itself
  reminded boolean NOT NULL,
  failing_since timestamp with time zone,
  attempts integer NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT subscription_pkey PRIMARY KEY (tenant_id, id)
);
ALTER TABLE subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscription FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON subscription USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON subscription TO comity_app;

-- Personal accounts that the tenant's admins list as known contacts.
CREATE TABLE directory_contact (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,                           -- the personal account
  added_at timestamp with time zone NOT NULL,
  CONSTRAINT directory_contact_pkey PRIMARY KEY (tenant_id, user_id)
);
ALTER TABLE directory_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory_contact FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON directory_contact USING (((tenant_id = comity_tenant()) AND (tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid)));
GRANT DELETE, INSERT, SELECT, UPDATE ON directory_contact TO comity_app;

-- A person's place in a chat, in his home tenant: "my chats" is a one-tenant query, and the proof through which
-- a chat's content is visible.
CREATE TABLE seat (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  chat_id uuid NOT NULL,
  joined_at timestamp with time zone NOT NULL,
  left_at timestamp with time zone,
  activity_at timestamp with time zone NOT NULL,   -- coalesced, at most once per seat and second
  read_through bigint NOT NULL,                    -- position of the last change read
  hidden boolean NOT NULL,
  muted boolean NOT NULL,
  CONSTRAINT seat_pkey PRIMARY KEY (tenant_id, user_id, chat_id)
);
-- "My chats", newest first.
CREATE INDEX seat_by_activity ON seat (tenant_id, user_id, activity_at DESC, chat_id) WHERE (left_at IS NULL);
-- The proof: does this tenant hold a seat in the chat?
CREATE INDEX seat_by_chat ON seat (tenant_id, chat_id, user_id);
ALTER TABLE seat ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON seat USING (((tenant_id = comity_tenant()) AND ((tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid) OR (user_id = comity_person()))));
GRANT DELETE, INSERT, SELECT, UPDATE ON seat TO comity_app;

CREATE TABLE chat (
  chat_id uuid NOT NULL,                           -- 1:1: derived from the two home identities, so there is one
  kind text NOT NULL,
  topic text,
  started_tenant uuid NOT NULL,
  started_user uuid NOT NULL,
  created_at timestamp with time zone NOT NULL,
  last_change bigint NOT NULL,                     -- the counter: numbers every change of the chat
  version bigint NOT NULL,
  CONSTRAINT chat_pkey PRIMARY KEY (chat_id),
  CONSTRAINT chat_kind CHECK (kind = ANY (ARRAY['oneOnOne'::text, 'group'::text]))
);
ALTER TABLE chat ENABLE ROW LEVEL SECURITY;
ALTER TABLE chat FORCE ROW LEVEL SECURITY;
CREATE POLICY seated ON chat USING ((EXISTS ( SELECT
   FROM seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.chat_id = chat.chat_id)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON chat TO comity_app;

CREATE TABLE chat_member (
  chat_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL,
  request text NOT NULL,
  joined_change bigint NOT NULL,
  left_change bigint,
  joined_at timestamp with time zone NOT NULL,
  left_at timestamp with time zone,
  visible_from timestamp with time zone,           -- history: null = from the join
  version bigint NOT NULL,
  CONSTRAINT chat_member_pkey PRIMARY KEY (chat_id, tenant_id, user_id),
  -- nobody is in a chat that is not there
  CONSTRAINT chat_member_chat FOREIGN KEY (chat_id) REFERENCES chat(chat_id) ON DELETE CASCADE,
  CONSTRAINT chat_member_request CHECK (request = ANY (ARRAY['none'::text, 'pending'::text, 'accepted'::text, 'blocked'::text])),
  CONSTRAINT chat_member_role CHECK (role = ANY (ARRAY['owner'::text, 'member'::text]))
);
ALTER TABLE chat_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE chat_member FORCE ROW LEVEL SECURITY;
CREATE POLICY seated ON chat_member USING ((EXISTS ( SELECT
   FROM seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.chat_id = chat_member.chat_id)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON chat_member TO comity_app;

CREATE TABLE message (
  chat_id uuid NOT NULL,
  id bigint NOT NULL,                              -- the change that made it: the chat's order
  changed bigint NOT NULL,                         -- the last change of it: the chat's feed
  kind text NOT NULL,
  sender_tenant uuid,
  sender_user uuid,
  client_id uuid,                                  -- the sender's own id: a retry is the same message
  body_type text NOT NULL,
  body text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  edited_at timestamp with time zone,
  deleted_at timestamp with time zone,
  CONSTRAINT message_pkey PRIMARY KEY (chat_id, id),
  -- A retry with the same client id is the same message (design §4.8).
  CONSTRAINT message_retry UNIQUE (chat_id, sender_tenant, sender_user, client_id),
  -- content goes with its chat
  CONSTRAINT message_chat FOREIGN KEY (chat_id) REFERENCES chat(chat_id) ON DELETE CASCADE,
  CONSTRAINT message_body_type CHECK (body_type = ANY (ARRAY['text'::text, 'html'::text])),
  CONSTRAINT message_kind CHECK (kind = ANY (ARRAY['message'::text, 'system'::text]))
);
-- "What changed since n?"
CREATE INDEX message_by_change ON message (chat_id, changed);
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
ALTER TABLE message FORCE ROW LEVEL SECURITY;
CREATE POLICY seated ON message USING ((EXISTS ( SELECT
   FROM seat s
  WHERE ((s.tenant_id = comity_tenant()) AND (s.chat_id = message.chat_id)))));
GRANT DELETE, INSERT, SELECT, UPDATE ON message TO comity_app;

CREATE FUNCTION public.installation_read()
 RETURNS SETOF installation
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from installation $function$;
REVOKE ALL ON FUNCTION installation_read() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_read() TO comity_app;

-- Orders that wait for a time move back with the clock: what was due at once would else wait until the old time
-- comes round again.
CREATE FUNCTION public.installation_set_clock(offset_s double precision)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    update due set due_at = due_at + make_interval(secs => offset_s - i.clock_offset_s)
      from installation i where due.due_at is not null and offset_s < i.clock_offset_s;
    update installation set clock_offset_s = offset_s, version = version + 1 returning version
  $function$;
REVOKE ALL ON FUNCTION installation_set_clock(offset_s double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_set_clock(offset_s double precision) TO comity_app;

CREATE FUNCTION public.installation_set_consumer_date(available_from timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ update installation set consumer_available_from = available_from, version = version + 1 returning version $function$;
REVOKE ALL ON FUNCTION installation_set_consumer_date(available_from timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_set_consumer_date(available_from timestamp with time zone) TO comity_app;

CREATE FUNCTION public.installation_audit_add(entry installation_audit)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ insert into installation_audit select (entry).* $function$;
REVOKE ALL ON FUNCTION installation_audit_add(entry installation_audit) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_audit_add(entry installation_audit) TO comity_app;

-- What was done to the installation by one kind of action, newest first.
CREATE FUNCTION public.installation_audit_since(wanted text, since timestamp with time zone)
 RETURNS SETOF installation_audit
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from installation_audit where action = wanted and at > since order by id desc $function$;
REVOKE ALL ON FUNCTION installation_audit_since(wanted text, since timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_audit_since(wanted text, since timestamp with time zone) TO comity_app;

CREATE FUNCTION public.tenant_add(entry tenant)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ insert into tenant select (entry).* $function$;
REVOKE ALL ON FUNCTION tenant_add(entry tenant) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_add(entry tenant) TO comity_app;

CREATE FUNCTION public.tenant_get(wanted uuid)
 RETURNS SETOF tenant
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from tenant where tenant_id = wanted $function$;
REVOKE ALL ON FUNCTION tenant_get(wanted uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_get(wanted uuid) TO comity_app;

-- Tenants of that name or domain: at most 20, so that an ambiguous name can list its candidates.
CREATE FUNCTION public.tenant_find(wanted_name_key text, wanted_domain text)
 RETURNS SETOF tenant
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    select * from tenant t
    where t.name_key = wanted_name_key
       or t.tenant_id = (select d.tenant_id from domain d where d.domain = wanted_domain)
    order by t.name_key, t.tenant_id limit 20
  $function$;
REVOKE ALL ON FUNCTION tenant_find(wanted_name_key text, wanted_domain text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_find(wanted_name_key text, wanted_domain text) TO comity_app;

CREATE FUNCTION public.tenant_list(after_key text, after_id uuid, page_size integer)
 RETURNS SETOF tenant
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    select * from tenant t where (t.name_key, t.tenant_id) > (after_key, after_id)
    order by t.name_key, t.tenant_id limit page_size
  $function$;
REVOKE ALL ON FUNCTION tenant_list(after_key text, after_id uuid, page_size integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_list(after_key text, after_id uuid, page_size integer) TO comity_app;

CREATE FUNCTION public.domain_add(entry domain)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ insert into domain select (entry).* $function$;
REVOKE ALL ON FUNCTION domain_add(entry domain) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain_add(entry domain) TO comity_app;

-- The transaction's tenant gives its new people this domain, one of its own.
CREATE FUNCTION public.domain_make_default(wanted text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
  declare touched bigint;
  begin
    update domain set is_default = false where tenant_id = public.comity_tenant() and is_default;
    update domain set is_default = true where tenant_id = public.comity_tenant() and domain = wanted;
    get diagnostics touched = row_count;
    return touched;
  end $function$;
REVOKE ALL ON FUNCTION domain_make_default(wanted text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain_make_default(wanted text) TO comity_app;

-- The transaction's tenant gives up one of its domains, never the one that it began with.
CREATE FUNCTION public.domain_drop(wanted text)
 RETURNS SETOF text
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    delete from domain where tenant_id = public.comity_tenant() and domain = wanted and not is_initial returning domain
  $function$;
REVOKE ALL ON FUNCTION domain_drop(wanted text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain_drop(wanted text) TO comity_app;

CREATE FUNCTION public.domain_get(wanted text)
 RETURNS SETOF domain
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from domain where domain.domain = wanted $function$;
REVOKE ALL ON FUNCTION domain_get(wanted text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain_get(wanted text) TO comity_app;

CREATE FUNCTION public.domains_of(wanted uuid)
 RETURNS SETOF domain
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from domain where tenant_id = wanted order by is_initial desc, domain $function$;
REVOKE ALL ON FUNCTION domains_of(wanted uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domains_of(wanted uuid) TO comity_app;

-- The transaction's tenant replaces the addresses of its own people; three arrays, one row each.
CREATE FUNCTION public.address_replace(people uuid[], owners uuid[], keys text[], kinds text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
  begin
    delete from address a using unnest(people) p(id) where a.tenant_id = comity_tenant() and a.user_id = p.id;
    insert into address (address_key, kind, tenant_id, user_id)
      select n.key, n.kind, comity_tenant(), n.owner from unnest(owners, keys, kinds) n(owner, key, kind)
      order by n.key, n.kind, n.owner
      on conflict do nothing;
  end $function$;
REVOKE ALL ON FUNCTION address_replace(people uuid[], owners uuid[], keys text[], kinds text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION address_replace(people uuid[], owners uuid[], keys text[], kinds text[]) TO comity_app;

-- Whose address is it? Ids only; what may be shown of them is read as their own tenant.
CREATE FUNCTION public.address_find(wanted_key text, wanted_kinds text[])
 RETURNS TABLE(kind text, tenant_id uuid, user_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    select a.kind, a.tenant_id, a.user_id from address a
    where a.address_key = wanted_key and a.kind = any (wanted_kinds)
    order by a.tenant_id, a.user_id, a.kind limit 100
  $function$;
REVOKE ALL ON FUNCTION address_find(wanted_key text, wanted_kinds text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION address_find(wanted_key text, wanted_kinds text[]) TO comity_app;

-- Many people came at once. Until autovacuum comes by, the planner takes a tenant that has just grown for one of
-- a single row, and reads all of it wherever it should have asked an index. A rough idea is enough for that, at
-- a fifth of the time; autovacuum looks closely a minute later.
CREATE FUNCTION public.people_analyze()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
 SET default_statistics_target TO '20'
AS $function$ begin
    -- Only what statements look people up by: the other columns would triple the time.
    analyze users (tenant_id, id, upn_key, mail_key, home_tenant_id, home_user_id, given_key, surname_key),
      address, group_member, sync_assignment, sync_object (tenant_id, job_id, source_id);
  end $function$;
REVOKE ALL ON FUNCTION people_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION people_analyze() TO comity_app;

-- Make something due. A second call moves it earlier at most. The row stays locked until the caller's commit, so
-- nobody takes the order before he can see what it is about.
CREATE FUNCTION public.due_put(of_kind text, of_tenant uuid, of_key uuid, at timestamp with time zone, why uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    insert into due values (of_kind, of_tenant, of_key, at, null, null, null, 0, why)
    on conflict (kind, tenant_id, key) do update
      set due_at = least(due.due_at, excluded.due_at),
          cause = case when due.due_at is null then excluded.cause else coalesce(due.cause, excluded.cause) end
  $function$;
REVOKE ALL ON FUNCTION due_put(of_kind text, of_tenant uuid, of_key uuid, at timestamp with time zone, why uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_put(of_kind text, of_tenant uuid, of_key uuid, at timestamp with time zone, why uuid) TO comity_app;

-- Promise what is due to the caller until `lease_until`: orders whose time has come, and those that were lost
-- with whoever had them. Rows that others hold locked are left for the next time, and so that a tenant which is
-- written to without a pause gets its turn, one order that is overdue since `starving_since` is waited for.
CREATE FUNCTION public.due_claim(kinds text[], at timestamp with time zone, machine timestamp with time zone, lease_until timestamp with time zone, starving_since timestamp with time zone, at_most integer)
 RETURNS TABLE(kind text, tenant_id uuid, key uuid, cause uuid, lost boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
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
  end $function$;
REVOKE ALL ON FUNCTION due_claim(kinds text[], at timestamp with time zone, machine timestamp with time zone, lease_until timestamp with time zone, starving_since timestamp with time zone, at_most integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_claim(kinds text[], at timestamp with time zone, machine timestamp with time zone, lease_until timestamp with time zone, starving_since timestamp with time zone, at_most integer) TO comity_app;

-- When something that is due already may run: the end of the nearest spacing or backoff.
CREATE FUNCTION public.due_next_start(kinds text[], at timestamp with time zone, machine timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    select min(not_before) from due
    where due_at <= at and leased_until is null and not_before > machine and kind = any (kinds)
  $function$;
REVOKE ALL ON FUNCTION due_next_start(kinds text[], at timestamp with time zone, machine timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_next_start(kinds text[], at timestamp with time zone, machine timestamp with time zone) TO comity_app;

-- Begin the work: whatever was asked for until now is covered by this run. Nothing comes back if the promise was
-- withdrawn, or the work is somebody else's.
CREATE FUNCTION public.due_take(of_kind text, of_tenant uuid, of_key uuid, run uuid, machine timestamp with time zone, lease_until timestamp with time zone)
 RETURNS SETOF due
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    update due set due_at = null, taken_by = run, leased_until = lease_until, attempts = attempts + 1
    where kind = of_kind and tenant_id = of_tenant and key = of_key
      and leased_until is not null and (taken_by is null or leased_until <= machine)
    returning *
  $function$;
REVOKE ALL ON FUNCTION due_take(of_kind text, of_tenant uuid, of_key uuid, run uuid, machine timestamp with time zone, lease_until timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_take(of_kind text, of_tenant uuid, of_key uuid, run uuid, machine timestamp with time zone, lease_until timestamp with time zone) TO comity_app;

-- Still at work; false if the work has become somebody else's.
CREATE FUNCTION public.due_renew(of_kind text, of_tenant uuid, of_key uuid, run uuid, lease_until timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    with renewed as (
      update due set leased_until = lease_until
      where kind = of_kind and tenant_id = of_tenant and key = of_key and taken_by = run
      returning 1)
    select exists (select from renewed)
  $function$;
REVOKE ALL ON FUNCTION due_renew(of_kind text, of_tenant uuid, of_key uuid, run uuid, lease_until timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_renew(of_kind text, of_tenant uuid, of_key uuid, run uuid, lease_until timestamp with time zone) TO comity_app;

-- Finished: resting until `earliest`, or due again at `again_at`, or at what was asked for in between.
CREATE FUNCTION public.due_finish(of_kind text, of_tenant uuid, of_key uuid, run uuid, again_at timestamp with time zone, earliest timestamp with time zone, failed boolean)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    update due set due_at = least(due_at, again_at), not_before = earliest, leased_until = null, taken_by = null,
                   attempts = case when failed then attempts else 0 end
    where kind = of_kind and tenant_id = of_tenant and key = of_key and taken_by = run;
    delete from due
    where kind = of_kind and tenant_id = of_tenant and key = of_key
      and due_at is null and leased_until is null and not_before is null
  $function$;
REVOKE ALL ON FUNCTION due_finish(of_kind text, of_tenant uuid, of_key uuid, run uuid, again_at timestamp with time zone, earliest timestamp with time zone, failed boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_finish(of_kind text, of_tenant uuid, of_key uuid, run uuid, again_at timestamp with time zone, earliest timestamp with time zone, failed boolean) TO comity_app;

CREATE FUNCTION public.due_list(of_kind text)
 RETURNS SETOF due
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from due where kind = of_kind order by due_at $function$;
REVOKE ALL ON FUNCTION due_list(of_kind text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_list(of_kind text) TO comity_app;

-- The transaction's tenant registers an application under its id.
CREATE FUNCTION public.application_home_add(new_app_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ insert into application_home values (new_app_id, comity_tenant()) $function$;
REVOKE ALL ON FUNCTION application_home_add(new_app_id uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION application_home_add(new_app_id uuid) TO comity_app;

CREATE FUNCTION public.application_home_drop(old_app_id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ delete from application_home where app_id = old_app_id and tenant_id = public.comity_tenant() $function$;
REVOKE ALL ON FUNCTION application_home_drop(old_app_id uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION application_home_drop(old_app_id uuid) TO comity_app;

CREATE FUNCTION public.application_home_get(wanted uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select tenant_id from application_home where app_id = wanted $function$;
REVOKE ALL ON FUNCTION application_home_get(wanted uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION application_home_get(wanted uuid) TO comity_app;

CREATE FUNCTION public.signing_keys()
 RETURNS SETOF signing_key
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from signing_key order by created_at, kid $function$;
REVOKE ALL ON FUNCTION signing_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signing_keys() TO comity_app;

CREATE FUNCTION public.signing_key_add(entry signing_key)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ insert into signing_key select (entry).* $function$;
REVOKE ALL ON FUNCTION signing_key_add(entry signing_key) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signing_key_add(entry signing_key) TO comity_app;

CREATE FUNCTION public.signing_key_move(which text, to_state text, at timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    update signing_key set state = to_state,
      activated_at = case when to_state = 'current' then at else activated_at end,
      retired_at = case when to_state = 'retired' then at else retired_at end
    where kid = which
  $function$;
REVOKE ALL ON FUNCTION signing_key_move(which text, to_state text, at timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signing_key_move(which text, to_state text, at timestamp with time zone) TO comity_app;

CREATE FUNCTION public.signing_key_drop(which text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ delete from signing_key where kid = which and state = 'retired' $function$;
REVOKE ALL ON FUNCTION signing_key_drop(which text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signing_key_drop(which text) TO comity_app;

CREATE FUNCTION public.device_add(entry device_request, stale_before timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    delete from device_request where id in (
      select d.id from device_request d where d.expires_at < stale_before order by d.expires_at limit 10 for update skip locked);
    insert into device_request select (entry).*
  $function$;
REVOKE ALL ON FUNCTION device_add(entry device_request, stale_before timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_add(entry device_request, stale_before timestamp with time zone) TO comity_app;

CREATE FUNCTION public.device_find(code text, at timestamp with time zone)
 RETURNS SETOF device_request
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from device_request where user_code = code and expires_at > at and state = 'pending' $function$;
REVOKE ALL ON FUNCTION device_find(code text, at timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_find(code text, at timestamp with time zone) TO comity_app;

-- The device asks; what comes back is the row as it was before, so that too early can be told.
CREATE FUNCTION public.device_poll(wanted uuid, at timestamp with time zone, slower_s integer)
 RETURNS SETOF device_request
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
  declare before device_request;
  begin
    select * into before from device_request where id = wanted for update;
    if not found then return; end if;
    update device_request set polled_at = at,
      interval_s = interval_s + case when at < polled_at + make_interval(secs => interval_s) then slower_s else 0 end
      where id = wanted;
    return next before;
  end $function$;
REVOKE ALL ON FUNCTION device_poll(wanted uuid, at timestamp with time zone, slower_s integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_poll(wanted uuid, at timestamp with time zone, slower_s integer) TO comity_app;

CREATE FUNCTION public.device_decide(wanted uuid, at timestamp with time zone, to_state text, of_tenant uuid, of_user uuid, of_grant uuid)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    with decided as (
      update device_request set state = to_state, for_tenant = of_tenant, for_user = of_user, for_grant = of_grant
      where id = wanted and expires_at > at and state = 'pending'
      returning 1)
    select exists (select from decided)
  $function$;
REVOKE ALL ON FUNCTION device_decide(wanted uuid, at timestamp with time zone, to_state text, of_tenant uuid, of_user uuid, of_grant uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_decide(wanted uuid, at timestamp with time zone, to_state text, of_tenant uuid, of_user uuid, of_grant uuid) TO comity_app;

-- The device has its answer; false if it had it before.
CREATE FUNCTION public.device_drop(wanted uuid)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ with dropped as (delete from device_request where id = wanted returning 1) select exists (select from dropped) $function$;
REVOKE ALL ON FUNCTION device_drop(wanted uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_drop(wanted uuid) TO comity_app;

CREATE FUNCTION public.registration_add(entry registration, stale_before timestamp with time zone)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    delete from registration where id in (
      select r.id from registration r where r.expires_at < stale_before order by r.expires_at limit 10 for update skip locked);
    insert into registration select (entry).*
  $function$;
REVOKE ALL ON FUNCTION registration_add(entry registration, stale_before timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION registration_add(entry registration, stale_before timestamp with time zone) TO comity_app;

-- Once, by whoever holds the link, and in time.
CREATE FUNCTION public.registration_take(wanted uuid, secret bytea, at timestamp with time zone)
 RETURNS SETOF registration
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ delete from registration where id = wanted and secret_sha256 = secret and expires_at > at returning * $function$;
REVOKE ALL ON FUNCTION registration_take(wanted uuid, secret bytea, at timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION registration_take(wanted uuid, secret bytea, at timestamp with time zone) TO comity_app;

CREATE FUNCTION public.attempt_get(wanted bytea)
 RETURNS SETOF sign_in_attempt
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ select * from sign_in_attempt where key = wanted $function$;
REVOKE ALL ON FUNCTION attempt_get(wanted bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION attempt_get(wanted bytea) TO comity_app;

-- Once more; counting starts over when the last one was before `since`.
CREATE FUNCTION public.attempt_add(wanted bytea, at timestamp with time zone, since timestamp with time zone, stale_before timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$
    delete from sign_in_attempt where key in (
      select a.key from sign_in_attempt a where a.last_at < stale_before order by a.last_at limit 10 for update skip locked);
    insert into sign_in_attempt values (wanted, 1, at, at)
    on conflict (key) do update set
      failures = case when sign_in_attempt.last_at < since then 1 else sign_in_attempt.failures + 1 end,
      first_at = case when sign_in_attempt.last_at < since then at else sign_in_attempt.first_at end,
      last_at = at
    returning failures
  $function$;
REVOKE ALL ON FUNCTION attempt_add(wanted bytea, at timestamp with time zone, since timestamp with time zone, stale_before timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION attempt_add(wanted bytea, at timestamp with time zone, since timestamp with time zone, stale_before timestamp with time zone) TO comity_app;

CREATE FUNCTION public.attempt_clear(wanted bytea)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public'
AS $function$ delete from sign_in_attempt where key = wanted $function$;
REVOKE ALL ON FUNCTION attempt_clear(wanted bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION attempt_clear(wanted bytea) TO comity_app;
