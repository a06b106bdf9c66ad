"""Every reason why a row is rejected has its words."""

from __future__ import annotations

import pytest

from comity.core.catalogue import sentences
from comity.directory.imports.model import Reason


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_has_a_sentence(reason: Reason):
    """That its facts are filled in is seen wherever a test looks at rejected rows (`files.reasons`)."""
    assert reason.value in sentences("en")
