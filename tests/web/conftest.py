from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from comity.core.settings import Settings
from comity.db.database import Database
from comity.web.app import build
from comity.web.boundary import Boundary
from comity.web.services import Services
from tests.support.sign_in import Identity, make_identity
from tests.web.browser import Browser
from tests.web.client import Web
from tests.web.graph.metadata import Judged


@pytest.fixture
def identity(db: Database) -> Iterator[Identity]:
    """The parts of identity over this test's database."""
    made = make_identity(db)
    yield made
    made.passwords.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults; a test that wants others replaces the fixture."""
    return Settings(data=tmp_path)


@pytest.fixture
def services(identity: Identity, settings: Settings) -> Services:
    """What the doors are given."""
    return Services(
        db=identity.db, settings=settings, machine=identity.machine, sealer=identity.sealer, keys=identity.keys,
        tokens=identity.tokens, passwords=identity.passwords,
    )  # fmt: skip


@pytest.fixture
def app(services: Services) -> Boundary:
    """The application, in process."""
    return build(services)


@pytest.fixture
async def web(app: Boundary, identity: Identity) -> AsyncIterator[Web]:
    """A client of the application, without a network."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=Judged(app)), base_url="http://lab.example:8080"
    ) as client:
        yield Web(client, identity)


@pytest.fixture
async def browser(app: Boundary) -> AsyncIterator[Browser]:
    """A browser without script, at the application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lab.example:8080") as client:
        yield Browser(client)
