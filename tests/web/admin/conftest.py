from __future__ import annotations

import pytest

from comity.identity.roles import DirectoryRole
from tests.support.sign_in import Identity
from tests.support.world import Org
from tests.web.admin.desk import Desk, seat
from tests.web.browser import Browser


@pytest.fixture
async def desk(contoso: Org, identity: Identity, browser: Browser) -> Desk:
    """A global administrator of Contoso."""
    return await seat(contoso, identity, browser, DirectoryRole.GLOBAL_ADMINISTRATOR)
