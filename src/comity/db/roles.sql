-- Who exists on the database server, and who may become whom (ADR-0008, design of row-level security).
--
--   comity        the only login; owns nothing, inherits nothing, becomes one of the three below by SET ROLE
--   comity_owner  owns the objects of the schema; what migrations run as
--   comity_app    what transactions run as; row-level security binds it
--   comity_queue  owns schema "queue", the tables of the queue library
--
-- Run it as a superuser or as a role with CREATEROLE, on PostgreSQL 15 or newer, as often as you like.
-- It gives no password: `comity` cannot log in with one until somebody sets it.

do $roles$
declare
    -- comity comes first, so that each grant finds it.
    wanted constant text[] := array['comity', 'comity_owner', 'comity_app', 'comity_queue'];
    role_name text;
    faulty text;
begin
    foreach role_name in array wanted loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
                execute format(
                    'create role %I nosuperuser nobypassrls nocreaterole nocreatedb noreplication %s',
                    role_name,
                    -- comity_owner inherits: that is how a database's owner comes by its rights on "public".
                    case role_name when 'comity' then 'login noinherit' else 'nologin inherit' end);
            end if;
        exception when duplicate_object or unique_violation then
            raise notice 'role % was made by somebody else at the same moment', role_name;
        end;
        -- Granted only where missing: whoever may not grant can still run this file to check.
        if role_name <> 'comity' and not exists (
            select
            from pg_catalog.pg_auth_members as membership
            join pg_catalog.pg_roles as parent on parent.oid = membership.roleid
            join pg_catalog.pg_roles as child on child.oid = membership.member
            where parent.rolname = role_name and child.rolname = 'comity'
        ) then
            execute format('grant %I to comity', role_name);
        end if;
    end loop;

    -- A role that exists but can do more than it should is an error, never silently mended: somebody
    -- widened it on purpose, and the second wall between tenants rests on these attributes.
    select string_agg(rolname, ', ' order by rolname) into faulty
    from pg_catalog.pg_roles
    where rolname = any (wanted)
        and (
            rolsuper or rolbypassrls or rolcreaterole or rolreplication
            or rolcanlogin <> (rolname = 'comity')
            or (rolname = 'comity' and rolinherit)
        );
    if faulty is not null then
        raise exception 'these roles can do more, or less, than Comity allows: %', faulty
            using hint = 'They need NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION; only comity has LOGIN, and NOINHERIT.';
    end if;
end
$roles$;
