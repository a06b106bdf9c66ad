"""Too much at once: refused at once, with a time to come back (design §7)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from comity.core.clock import BusinessClock
from comity.core.errors import Throttled, Unavailable
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.core.settings import Settings
from comity.db.database import Address, Database
from comity.web.app import build
from comity.web.boundary import Boundary
from comity.web.errors import Overloaded, TenantBusy, error_headers
from comity.web.gate import Gate
from comity.web.services import Services
from tests.support.sign_in import make_identity
from tests.support.world import Org
from tests.web.client import Web, check_envelope


def client_of(app: Boundary) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lab.example:8080")


def test_the_gate_counts_what_is_in_work_and_nothing_else():
    gate = Gate(requests_max=2, requests_per_tenant_max=1)
    one, other = TenantId(new_id()), TenantId(new_id())

    with gate.admit(), gate.tenant(one), gate.admit(), gate.tenant(other):
        assert gate.in_work == 2
        with pytest.raises(Overloaded), gate.admit():
            pass
        with pytest.raises(TenantBusy), gate.tenant(one):
            pass
    with pytest.raises(ZeroDivisionError), gate.admit(), gate.tenant(one):
        raise ZeroDivisionError
    with gate.admit(), gate.tenant(one):
        assert gate.in_work == 1
    assert gate.in_work == 0
    assert not gate._tenants


@pytest.fixture
async def crowd(database_url: str, settings: Settings):
    """Services over a pool of one connection, which a test can keep busy; its wait is short."""
    async with Database(Address(database_url, database_url), clock=BusinessClock(), size=1, wait_s=0.2) as db:
        identity = make_identity(db)
        yield identity, Services(
            db=db, settings=settings, machine=identity.machine, sealer=identity.sealer, keys=identity.keys,
            tokens=identity.tokens, passwords=identity.passwords,
        )  # fmt: skip
        identity.passwords.close()


async def test_above_the_bounds_the_answer_is_503_or_429_with_whole_seconds(crowd, contoso: Org, fabrikam: Org):
    """Requests wait for the one connection, held by us; those above the bound are refused meanwhile."""
    identity, services = crowd
    tight = replace(services.settings, requests_max=3, requests_per_tenant_max=1)
    async with client_of(build(replace(services, settings=tight))) as client:
        web = Web(client, identity)
        ours, theirs = await web.token_of(contoso), await web.token_of(fabrikam)
        async with services.db.tenant(PERSONAL_REALM):
            waiting = [asyncio.create_task(web.get("/v1.0/users", token)) for token in (ours, ours, theirs, theirs)]
            answers = await asyncio.gather(*waiting)

        # The second of each tenant is over its share; the first ones wait for the connection until they are told off.
        by_status = sorted(each.status_code for each in answers)
        assert by_status == [429, 429, 503, 503], [each.text for each in answers]
        for answer in answers:
            throttled = answer.status_code == 429
            check_envelope(answer, answer.status_code, "TooManyRequests" if throttled else "ServiceNotAvailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert (await web.get("/v1.0/users", ours)).status_code == 200, "and afterwards all is well"


async def test_a_full_process_still_answers_its_probes(crowd):
    _, services = crowd
    full = replace(services, settings=replace(services.settings, requests_max=0))
    async with client_of(build(full)) as client:
        graph, sign_in = [await client.get(path) for path in ("/v1.0/users", "/x.example/discovery/v2.0/keys")]
        check_envelope(graph, 503, "ServiceNotAvailable")
        assert sign_in.status_code == 503
        assert sign_in.json()["error"] == "temporarily_unavailable", "sign-in says it in OAuth's words"
        assert graph.headers["retry-after"] == sign_in.headers["retry-after"] == "1"
        for path in ("/livez", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200


async def test_waiting_for_a_connection_ends(crowd, contoso: Org):
    identity, services = crowd
    async with client_of(build(services)) as client:
        web = Web(client, identity)
        token = await web.token_of(contoso)
        async with services.db.tenant(PERSONAL_REALM):
            answer = await web.get("/v1.0/users", token)

    error = check_envelope(answer, 503, "ServiceNotAvailable")
    assert error["details"][0]["code"] == "database-busy"
    assert int(answer.headers["retry-after"]) >= 1


def test_a_time_to_come_back_is_never_a_fraction_or_nothing():
    """kiota reads 0 as absent and fails on fractions (graph-api §1.2)."""
    for seconds in (0, 1, 7):
        for kind in (Throttled, Unavailable):
            assert int(error_headers(kind(retry_after_s=seconds))["retry-after"]) >= 1
