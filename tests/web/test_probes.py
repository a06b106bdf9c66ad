"""/livez, /readyz, /metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx

from comity.core.clock import BusinessClock
from comity.core.errors import Unavailable
from comity.core.ids import new_id
from comity.db.database import Address, Database
from comity.events import feed
from comity.web.app import build
from comity.web.services import Services
from tests.web.client import Web, check_envelope


def client_of(services: Services) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=build(services)), base_url="http://lab.example")


async def test_a_process_in_order_is_live_and_ready(web: Web):
    assert (await web.get("/livez")).json() == {"status": "live"}
    assert (await web.get("/readyz")).json() == {"status": "ready", "checks": {"database": "ok"}}


async def test_readiness_names_the_part_that_is_not(services: Services):
    async def fine() -> bool:
        return True

    async def away() -> bool:
        return False

    async def broken() -> bool:
        raise Unavailable

    async with client_of(replace(services, checks={"worker": fine})) as client:
        assert (await client.get("/readyz")).json()["checks"] == {"database": "ok", "worker": "ok"}
    async with client_of(replace(services, checks={"worker": away, "queue": broken, "fine": fine})) as client:
        error = check_envelope(await client.get("/readyz"), 503, "ServiceNotAvailable")
        assert error["message"] == "Not ready: worker, queue."
        assert (await client.get("/livez")).status_code == 200


async def test_without_a_database_the_process_lives_and_is_not_ready(services: Services, database_url, tmp_path):
    """And its metrics still say what it knows itself."""
    nowhere = f"host={tmp_path} user=nobody dbname=nothing connect_timeout=1"
    async with Database(Address(database_url, nowhere), clock=BusinessClock(), wait_s=0.1) as gone:
        assert gone.waiting()
    async with client_of(replace(services, db=gone)) as client:
        assert (await client.get("/livez")).status_code == 200
        check_envelope(await client.get("/readyz"), 503, "ServiceNotAvailable")
        text = (await client.get("/metrics")).text
    assert "comity_requests_total" in text
    assert "comity_oldest_transaction_seconds NaN" in text


async def test_metrics_say_whether_promises_hold_and_name_nobody(web: Web, contoso):
    """Feed lag per consumer, oldest transaction, pool, requests (design §7); no tenant, no path that was made up."""
    consumer = f"reader-{new_id().hex}"
    await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await feed.advance(tx, consumer, 0)
    await contoso.add_person("bob")
    token = await web.token_of(contoso)
    await web.get(f"/v1.0/users/{contoso.people['annie'].id}", token)
    await web.get("/v1.0/secret-project", token)

    async with contoso.db.tenant(contoso.id):  # a transaction that has been open for a while
        answer = await web.get("/metrics")

    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'comity_requests_total{door="graph",method="GET",route="/v1.0/users/{user}",status="200"} 1.0' in lines
    assert f'comity_feed_lag_entries{{consumer="{consumer}"}} 2.0' in lines
    assert any(line.startswith('comity_pool{figure="pool_size"}') for line in lines)
    oldest = next(line for line in lines if line.startswith("comity_oldest_transaction_seconds "))
    assert float(oldest.split()[1]) > 0
    for secret in (str(contoso.id), contoso.id.hex, contoso.domain, contoso.tenant.name, "secret-project", "annie"):
        assert secret not in answer.text


async def test_figures_are_not_read_anew_for_everybody_who_asks(web: Web, contoso):
    """They cost the database a question per tenant, and anybody may ask."""
    await web.get("/metrics")
    consumer = f"reader-{new_id().hex}"
    async with contoso.db.tenant(contoso.id) as tx:
        await feed.advance(tx, consumer, 0)
    await contoso.add_person("annie")

    assert consumer not in (await web.get("/metrics")).text
    web.identity.machine.offset = timedelta(seconds=11)
    assert consumer in (await web.get("/metrics")).text
