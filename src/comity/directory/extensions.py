"""Directory extensions: attributes that an organisation adds to its people itself (provisioning §5.2).

Named `extension_<application id without dashes>_<name>`, case-sensitive, each with one value; as long as a
person has none, nothing is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from comity.core.errors import Invalid

EXTENSIONS_MAX: Final = 100
"""How many one person may have."""
EXTENSION_LENGTH_MAX: Final = 256
"""Characters of a value."""

Extensions: TypeAlias = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Extension:
    """A directory extension by its name, which keeps its case."""

    name: str


_NAME: Final = re.compile(r"extension_[0-9a-f]{32}_[A-Za-z0-9_]{1,100}")


class ExtensionInvalid(Invalid):
    """An extension has no proper name, several values or too long a one, or there are too many of them."""

    code = "extension-invalid"


def is_extension(name: str) -> bool:
    """Is it the name of a directory extension?"""
    return _NAME.fullmatch(name) is not None


def check_extensions(values: Extensions | None) -> None:
    """The values can be stored.

    Raises:
        ExtensionInvalid: names the extension and what is wrong with it.
    """
    if not values:
        return
    if len(values) > EXTENSIONS_MAX:
        raise ExtensionInvalid(extension=max(values), fault="too-many")
    for name, value in values.items():
        if fault := extension_fault(name, value):
            raise ExtensionInvalid(extension=name, fault=fault)


def extension_fault(name: str, value: object) -> str | None:
    """Why this cannot be stored, or None: `name`, `several-values`, `too-long`, `nul` or `surrogate`."""
    if not is_extension(name):
        return "name"
    if not isinstance(value, str | int | bool):
        return "several-values"
    if not isinstance(value, str):
        return None
    if len(value) > EXTENSION_LENGTH_MAX:
        return "too-long"
    if "\x00" in value:
        return "nul"
    return "surrogate" if any("\ud800" <= each <= "\udfff" for each in value) else None
