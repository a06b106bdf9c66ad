"""Lists of domains and of addresses, and how a caller edits them (external-access §2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from comity.access.errors import InvalidDomain, PropertyValueInvalid, StringNotAccepted, TooManyDomains
from comity.access.model import DOMAINS_MAX
from comity.core.domains import normalize_domain
from comity.core.folding import address_key

_VERBS: Final = frozenset({"add", "remove", "replace"})

Normalize = Callable[[str, object], str]
"""(property, entry) → the entry in its one form, or an error."""


def edited(name: str, given: object, before: frozenset[str], normalize: Normalize) -> frozenset[str]:
    """The list after `given`: a list replaces, `{"Add"|"Remove"|"Replace": …}` edits, None clears.

    Raises:
        StringNotAccepted: plain text instead of a list.
        PropertyValueInvalid: anything else.
    """
    match given:
        case None:
            return frozenset()
        case str():
            raise StringNotAccepted(property=name)
        case Mapping():
            return _edited_in_place(name, given, before, normalize)
        case _ if isinstance(given, Collection):
            return frozenset(normalize(name, each) for each in given)
    raise PropertyValueInvalid(property=name, value=str(given))


def _edited_in_place(
    name: str, verbs: Mapping[object, object], before: frozenset[str], normalize: Normalize
) -> frozenset[str]:
    after = before
    if not verbs or any(str(each).lower() not in _VERBS for each in verbs):
        raise PropertyValueInvalid(property=name, value=", ".join(map(str, verbs)))
    for verb, entries in verbs.items():
        named = {normalize(name, each) for each in _entries(name, entries)}
        match str(verb).lower():
            case "add":
                after = after | named
            case "remove":
                after = after - named
            case _:
                after = frozenset(named)
    return after


def _entries(name: str, entries: object) -> Iterable[object]:
    """One entry or several: `@{Add='a.example'}` is as good as a list of one."""
    if isinstance(entries, str):
        return [entries]
    if entries is None or isinstance(entries, Mapping) or not isinstance(entries, Iterable):
        raise PropertyValueInvalid(property=name, value=str(entries))
    return entries


def domain_entry(name: str, entry: object) -> str:
    """One domain in its one form.

    Raises:
        InvalidDomain.
    """
    domain = normalize_domain(entry) if isinstance(entry, str) else None
    if domain is None:
        raise InvalidDomain(property=name, domain=str(entry), fault="no-domain")
    return domain


def address_entry(name: str, entry: object) -> str:
    """One blocked individual: a mail address, or an id.

    Raises:
        PropertyValueInvalid.
    """
    key = address_key(entry) if isinstance(entry, str) else ""
    if not key or any(each.isspace() or each == "\x00" for each in key):
        raise PropertyValueInvalid(property=name, value=str(entry))
    return key


def check_sizes(*, lists: Mapping[str, Collection[str]], together: Mapping[str, Collection[str]]) -> None:
    """Each list, and those `together` in sum, hold at most 4,000 domains.

    Raises:
        TooManyDomains: names the list and how many it would hold.
    """
    for name, domains in lists.items():
        if len(domains) > DOMAINS_MAX:
            raise TooManyDomains(property=name, count=len(domains), limit=DOMAINS_MAX)
    total = sum(map(len, together.values()))
    if total > DOMAINS_MAX:
        raise TooManyDomains(property=" + ".join(together), count=total, limit=DOMAINS_MAX)


def check_not_own(name: str, domains: frozenset[str], *, own: frozenset[str]) -> None:
    """A tenant's own domain in its block list would mean nothing.

    Raises:
        InvalidDomain.
    """
    if meaningless := sorted(domains & own):
        raise InvalidDomain(property=name, domain=meaningless[0], fault="own-domain")
