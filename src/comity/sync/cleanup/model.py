"""The nouns of a clean-up."""

from __future__ import annotations

from typing import NamedTuple

from comity.core.errors import Conflict
from comity.core.ids import UserId


class Account(NamedTuple):
    """A living account that stands for somebody of the partner."""

    id: UserId
    version: int
    home_user_id: UserId


class RelationStands(Conflict):
    """The partner's people may still be synced in: what is deleted now would be back with the next drain."""

    code = "sync-relation-stands"


class CleanupUnknown(Conflict):
    """There is no clean-up of that id that was applied; only such a one is taken back."""

    code = "sync-cleanup-unknown"
