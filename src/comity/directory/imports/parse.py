"""From a row's values to a candidate, or to the reason why it stays outside; each row by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from comity.core.caller import UserType
from comity.core.folding import address_key
from comity.core.ids import UserId
from comity.directory.decide import is_mangled, split_address, text_fault
from comity.directory.extensions import EXTENSIONS_MAX, Extension, extension_fault
from comity.directory.imports.columns import WATCHED, Column, Special, column
from comity.directory.imports.model import Candidate, RawRow, Reason, Rejection
from comity.directory.model import Attribute, ExternalUserState

_ID: Final = re.compile(r"^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$", re.IGNORECASE)
_NOBODY: Final = UUID(int=0)

_UNSEEN: Final = "\ufeff\u200b\u200c\u200d\u2060\u00ad"
"""Characters without a width that come along when text is copied from pages and documents."""

_YES: Final = frozenset({"true", "yes", "1", "wahr", "ja"})
_NO: Final = frozenset({"false", "no", "0", "falsch", "nein"})
"""As programs write it, and as a German Excel turns it into."""

_USER_TYPES: Final = {each.value.lower(): each for each in UserType}
_STATES: Final = {each.value.lower(): each for each in ExternalUserState}


class _FaultError(Exception):
    """Why the row stays outside."""

    def __init__(self, reason: Reason, **parameters: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.parameters = parameters


def parse_row(raw: RawRow, *, domains: AbstractSet[str]) -> Candidate | Rejection:
    """Check everything that can be said about a row without knowing any other.

    `domains` are the tenant's, normalised.
    """
    try:
        return _candidate(raw, domains)
    except _FaultError as fault:
        return Rejection(raw.line, fault.reason, fault.parameters, raw.cells, raw.values)


def _candidate(raw: RawRow, domains: AbstractSet[str]) -> Candidate:
    values: dict[Attribute, Any] = {}
    user_id: UserId | None = None
    manager: str | None = None
    extensions: dict[str, Any] = {}
    for name, content in raw.values.items():
        known = _column(name)
        if known.meaning is None:
            _check_watched(known, content)
            continue
        text = _text(known, content)
        if not text:
            continue
        match known.meaning:
            case Special.ID:
                user_id = _user_id(text)
            case Special.MANAGER:
                manager = _plain(known, text)
            case Special.BLOCKED:
                values[Attribute.ACCOUNT_ENABLED] = not _truth(known, text)
            case Extension(name=extension):
                extensions[extension] = _extension(
                    known, extension, content if isinstance(content, bool | int) else text
                )
            case attribute:
                values[attribute] = _READERS.get(attribute, _plain)(known, text)
    if len(extensions) > EXTENSIONS_MAX:
        raise _FaultError(Reason.TEXT, column=max(extensions), fault="too-many")
    if extensions:
        values[Attribute.EXTENSIONS] = extensions
    upn = _upn(values, domains)
    external = is_mangled(upn) or values.get(Attribute.USER_TYPE) is UserType.GUEST
    return Candidate(raw, user_id, upn, address_key(upn), external, values, manager)


def _upn(values: Mapping[Attribute, Any], domains: AbstractSet[str]) -> str:
    upn: str = values.get(Attribute.USER_PRINCIPAL_NAME, "")
    if not upn:
        raise _FaultError(Reason.UPN_EMPTY)
    parts = split_address(upn)
    if parts is None:
        raise _FaultError(Reason.UPN_NO_ADDRESS, upn=upn)
    if parts[1] not in domains:
        raise _FaultError(Reason.UPN_FOREIGN_DOMAIN, upn=upn, domain=parts[1])
    return upn


@lru_cache(maxsize=1024)
def _column(name: str) -> Column:
    return column(name)


def _text(known: Column, content: Any) -> str:
    """The content as text without outer blanks; "" for nothing."""
    match content:
        case str():
            return content.strip().strip(_UNSEEN).strip()
        case None:
            return ""
        case bool():
            return "true" if content else "false"
        case int():
            return str(content)
        case list() if known.meaning is Attribute.BUSINESS_PHONE:
            return _text(known, content[0]) if content else ""
        case dict() if known.meaning is Special.MANAGER:
            return _text(known, content.get("id") or content.get("userPrincipalName"))
    raise _FaultError(Reason.TYPE, column=known.name)


def _plain(known: Column, text: str) -> str:
    if fault := text_fault(text):
        raise _FaultError(Reason.TEXT, column=known.name, fault=fault)
    return text


def _extension(known: Column, name: str, value: Any) -> Any:
    if fault := extension_fault(name, value):
        raise _FaultError(Reason.TEXT, column=known.name, fault=fault)
    return value


def _mail(known: Column, text: str) -> str:
    if split_address(_plain(known, text)) is None:
        raise _FaultError(Reason.MAIL, mail=text)
    return text


def _truth(known: Column, text: str) -> bool:
    folded = text.lower()
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    raise _FaultError(Reason.VALUE, column=known.name, value=text)


def _one_of(values: Mapping[str, Any]) -> Callable[[Column, str], Any]:
    def read(known: Column, text: str) -> Any:
        if (value := values.get(text.lower())) is None:
            raise _FaultError(Reason.VALUE, column=known.name, value=text)
        return value

    return read


_READERS: Final[Mapping[Attribute, Callable[[Column, str], Any]]] = {
    Attribute.MAIL: _mail,
    Attribute.ACCOUNT_ENABLED: _truth,
    Attribute.SHOW_IN_ADDRESS_LIST: _truth,
    Attribute.USER_TYPE: _one_of(_USER_TYPES),
    Attribute.EXTERNAL_USER_STATE: _one_of(_STATES),
}


def _user_id(text: str) -> UserId:
    found = _ID.match(text)
    if found is None or (value := UUID(found[1])) == _NOBODY:
        raise _FaultError(Reason.ID, id=text)
    return UserId(value)


def _check_watched(known: Column, content: Any) -> None:
    values = WATCHED.get(known.key)
    if values is not None and isinstance(content, str):
        text = content.strip()
        if text and text.lower() not in values:
            raise _FaultError(Reason.VALUE, column=known.name, value=text)
