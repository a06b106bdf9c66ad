"""Every cmdlet there is, by name and alias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.cli.cmdlets.cmdlet import Cmdlet
from comity.cli.cmdlets.library import (
    assignments,
    batches,
    domains,
    federation,
    people,
    policies,
    session,
    shaping,
)

ALL: Final[tuple[Cmdlet, ...]] = (
    *session.CMDLETS,
    *federation.CMDLETS,
    *domains.CMDLETS,
    *policies.CMDLETS,
    *assignments.CMDLETS,
    *batches.CMDLETS,
    *people.CMDLETS,
    *shaping.CMDLETS,
)
"""In the order of the reference."""
BY_NAME: Final[Mapping[str, Cmdlet]] = {name.lower(): each for each in ALL for name in (each.name, *each.aliases)}
