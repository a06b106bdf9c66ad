"""The plans of the statements that run once per batch, whatever the planner believes (design §4.13)."""

from __future__ import annotations

import pytest

from comity.core.ids import new_id
from comity.directory.store import Q
from tests.directory.files import bring
from tests.support.world import Org

SIZE = 3000
"""In a tenant of a handful, reading it whole is as good as a probe, and the planner may choose either."""


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_people_of_a_batch_are_probed_by_their_keys(contoso: Org, mode: str):
    """One probe of the key per row of the file, right after the people came in; never the tenant from end to end."""
    await bring(contoso, *({"userPrincipalName": f"p{nr}@{contoso.domain}"} for nr in range(SIZE)))

    async with contoso.db.tenant(contoso.id) as tx:
        await tx.execute("select set_config('plan_cache_mode', %(mode)s, true)", mode=mode)
        by_id = await tx.explain(Q.users_by_id, ids=[new_id() for _ in range(2000)])
        by_upn = await tx.explain(Q.living_by_upn_keys, keys=[f"x{nr}@{contoso.domain}" for nr in range(2000)])

    assert "Index Cond: ((tenant_id = " in by_id and "AND (id = wanted.key)" in by_id, by_id
    assert "Index Cond: ((tenant_id = " in by_upn and "(upn_key = wanted.key)" in by_upn, by_upn
