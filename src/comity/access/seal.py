"""The seal of permits: whoever holds it can make one.

A module of its own, so that an import contract can say who may touch it: `access.service`, which decides
before it seals, and `access.permits`, which knows the seal when it sees it. A `Permit` takes a `Seal`, and
the type checker lets nothing else pass for one.
"""

from __future__ import annotations

from typing import Final, final


@final
class Seal:
    """There is one."""

    __slots__ = ()


SEAL: Final = Seal()
