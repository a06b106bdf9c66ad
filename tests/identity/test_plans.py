"""Statements that run at each request or sign-in reach an index under row-level security (design §4.13)."""

from __future__ import annotations

import pytest

from comity.core.folding import address_key
from comity.identity import store
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
