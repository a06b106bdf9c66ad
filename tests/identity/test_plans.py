"""Statements that run at each request or sign-in reach an index under row-level security (design §4.13)."""

from __future__ import annotations

import pytest

from comity.core.folding import address_key
from comity.core.ids import new_id
from comity.identity import store
from comity.identity.grants import store as grants
from comity.identity.sessions import service as sessions
from tests.support.plans import MODES, gather_statistics, plan_of

APPLICATIONS = """
insert into application
select %(tenant_id)s, md5('id' || n || %(tenant_id)s)::uuid, md5('app' || n || %(tenant_id)s)::uuid, 'Robot', false,
  false, '{}', '{}', '{}', %(at)s, null, 1
from generate_series(1, 2000) n
"""


@pytest.mark.parametrize("mode", MODES)
async def test_who_is_asking_is_found_by_index(identity, contoso, db, database_url, mode):
    """The bearer of a token, and whoever signs in, in a tenant of thousands."""
    annie = await contoso.add_person("annie")
    await contoso.add_many(3000)
    application, _ = await identity.register(contoso)
    async with db.tenant(contoso.id) as tx:
        await tx.execute(APPLICATIONS, at=tx.now)
    gather_statistics(database_url, "users", "credential", "application", "application_secret", "directory_role_member")

    async with db.tenant(contoso.id) as tx:
        rights = await plan_of(tx, store.Q.person_rights, mode, id=annie.id, app_id=application.app_id)
        login = await plan_of(tx, store.Q.login_by_upn, mode, key=address_key(annie.user_principal_name))
        by_id = await plan_of(tx, store.Q.application_by_id, mode, id=application.id)
        by_app_id = await plan_of(tx, store.Q.application_by_app_id, mode, app_id=application.app_id)

    for plan, index in [
        (rights, "users_pkey"),
        (rights, "application_app_id"),
        (login, "users_upn_unique"),
        (by_id, "application_pkey"),
        (by_app_id, "application_app_id"),
    ]:
        assert index in plan, plan
        assert "Seq Scan on users" not in plan, plan
        assert "Seq Scan on application" not in plan, plan


SESSIONS = """
insert into sign_in_session
select %(tenant_id)s, md5('session' || n || %(tenant_id)s)::uuid, md5('user' || n %% 700 || %(tenant_id)s)::uuid, 'x',
  '', %(at)s, %(at)s, null
from generate_series(1, 3000) n
"""
GRANTS = """
insert into sign_in_grant
select %(tenant_id)s, md5('grant' || n || %(tenant_id)s)::uuid, md5('user' || n %% 700 || %(tenant_id)s)::uuid,
  md5('app')::uuid, %(tenant_id)s, md5('user' || n %% 700 || %(tenant_id)s)::uuid, '{}', null, null, null, %(at)s,
  %(at)s, %(at)s, 1, %(at)s, %(at)s, null, null
from generate_series(1, 3000) n
"""


@pytest.mark.parametrize("mode", MODES)
async def test_sessions_and_grants_are_found_by_index(contoso, db, database_url, mode):
    """A page asks whose the cookie is, the token endpoint which grant counts, a sign-in who a guest is here."""
    annie = await contoso.add_person("annie")
    await contoso.add_many(3000)
    async with db.tenant(contoso.id) as tx:
        await tx.execute(SESSIONS, at=tx.now)
        await tx.execute(GRANTS, at=tx.now)
    gather_statistics(database_url, "users", "credential", "sign_in_session", "sign_in_grant")

    who = {"user_id": annie.id, "at": db.clock.now()}
    async with db.tenant(contoso.id) as tx:
        cookie = await plan_of(tx, sessions.Q.find, mode, id=new_id(), sha256=b"x", **who)
        listed = await plan_of(tx, sessions.Q.list_of, mode, **who)
        exchanged = await plan_of(tx, grants.Q.lock, mode, id=new_id(), user_id=annie.id)
        programs = await plan_of(tx, grants.Q.list_of, mode, **who)
        guest = await plan_of(tx, store.Q.standing_of_home, mode, home_tenant_id=contoso.id, home_user_id=annie.id)

    for plan, index in [
        (cookie, "Index Scan using sign_in_session"),  # by its id, or by whose few it is one of
        (listed, "Index"),
        (exchanged, "sign_in_grant_pkey"),
        (programs, "Index"),
        (guest, "users_home_unique"),
    ]:
        assert index in plan, plan
        assert "Seq Scan on sign_in" not in plan, plan
        assert "Seq Scan on users" not in plan, plan
