from __future__ import annotations

from collections.abc import Iterator

import pytest

from comity.db.database import Database
from tests.support.sign_in import Identity, make_identity


@pytest.fixture
def identity(db: Database) -> Iterator[Identity]:
    """The parts of identity over this test's database."""
    made = make_identity(db)
    yield made
    made.passwords.close()
