"""The temporary table of new accounts: filled in the target, and once more in the source for its books."""

from __future__ import annotations

from typing import Final

from comity.db.bulk import Staging
from comity.directory.model import Attribute
from comity.sync.model import CARRIED

_APART: Final = (Attribute.USER_PRINCIPAL_NAME, Attribute.MANAGER_ID, Attribute.EXTENSIONS)
_KINDS: Final = {Attribute.ACCOUNT_ENABLED: "boolean", Attribute.SHOW_IN_ADDRESS_LIST: "boolean"}

TAIL: Final = tuple(each for each in CARRIED if each not in _APART)
"""Attributes that go through as the source's COPY wrote them, followed by the stored keys."""

STAGED_NEWCOMERS: Final = Staging(
    "staged_newcomers",
    (
        ("step", "integer"),
        ("id", "uuid"),
        ("source_id", "uuid"),
        ("user_principal_name", "text"),
        ("upn_key", "text"),
        ("manager_id", "uuid"),
        *((each.column, _KINDS.get(each, "text")) for each in TAIL),
        ("mail_key", "text"),
        ("given_key", "text"),
        ("surname_key", "text"),
        ("name_key", "text"),
    ),
)
