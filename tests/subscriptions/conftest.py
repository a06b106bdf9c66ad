from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from comity.core.outbound import Outbound
from comity.db.database import Database
from comity.subscriptions.delivering import Postman
from comity.subscriptions.store import Store
from comity.web.graph.notices import write_card, write_envelope
from tests.subscriptions.desk import Desk
from tests.support.receiver import Receiver, receiving
from tests.support.sign_in import Identity, make_identity
from tests.support.world import Org


@pytest.fixture
def identity(db: Database) -> Iterator[Identity]:
    """The parts of identity over this test's database."""
    made = make_identity(db)
    yield made
    made.passwords.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody's webhook."""
    async with receiving() as made:
        yield made


@pytest.fixture
def postman(identity: Identity) -> Postman:
    """Who delivers, to this machine as well."""
    outbound = Outbound(loopback=True)
    return Postman(
        identity.db, Store(identity.sealer), outbound, identity.machine, envelope=write_envelope, card=write_card
    )


@pytest.fixture
async def desk(contoso: Org, identity: Identity, postman: Postman, receiver: Receiver) -> Desk:
    """An app of Contoso that subscribes, and its webhook."""
    application, _ = await identity.register(contoso)
    return Desk(contoso, identity, postman, receiver, application)
