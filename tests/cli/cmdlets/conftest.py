"""A prompt in a tenant."""

from __future__ import annotations

import pytest

from tests.cli.cmdlets.shell import Shell
from tests.support.world import Org


@pytest.fixture
def shell(contoso: Org) -> Shell:
    """The operator's prompt in Contoso."""
    return Shell(contoso, contoso.operator)
