"""Rules of people search, as pure functions: what was typed, and who matches it best."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from comity.access.model import Person
from comity.core.caller import UserType
from comity.core.folding import address_key, words
from comity.core.ids import TenantId
from comity.core.phones import phone_key
from comity.people.model import Hit, Rank, Standing

QUERY_LENGTH_MAX: Final = 256
"""Characters that are looked at; no name and no address is longer than what they tell apart."""
WORDS_MAX: Final = 8
LAST: Final = "\U0010ffff"
"""Sorts behind every letter: the end of a range of prefixes."""


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, in the forms that are stored (design §4.13)."""

    words: tuple[str, ...]
    """Folded words of a name; all of them have to match."""
    address: str | None
    """The folded text if it can be the beginning of an address: one word without blanks."""
    is_address: bool
    """Is it a whole mail address or UPN?"""
    number: str | None
    """The phone number in E.164, if it is one."""

    @property
    def is_empty(self) -> bool:
        """Does it ask for anybody at all?"""
        return not (self.words or self.address)

    @property
    def name(self) -> str:
        """The words as one folded name."""
        return " ".join(self.words)


def read_query(text: str) -> Query:
    """Make a query of whatever somebody typed."""
    text = text.strip()[:QUERY_LENGTH_MAX]
    if "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        return Query((), None, is_address=False, number=None)
    key = address_key(text)
    one_word = bool(key) and not any(map(str.isspace, key))
    local, at, domain = key.partition("@")
    number = phone_key(text) if "@" not in text and text[:1] in "+0" else None
    return Query(
        words=() if at else tuple(words(text)[:WORDS_MAX]),
        address=key if one_word else None,
        is_address=one_word and bool(local and at and "." in domain) and "@" not in domain,
        number=number,
    )


def prefix_range(prefix: str) -> tuple[str, str]:
    """From and below: what begins with the prefix lies in between, in byte order."""
    return prefix, prefix + LAST


def rank(hit: Hit, query: Query) -> Rank:
    """How well does this person match? (people-search §7)"""
    if query.address is not None and query.address in (hit.mail_key, hit.upn_key):
        return Rank.ADDRESS
    if not query.words:
        return Rank.OTHER
    given, surname, name = hit.given_key, hit.surname_key, query.name
    if name in (hit.name_key, given, surname, f"{given} {surname}", f"{surname} {given}"):
        return Rank.NAME
    if given.startswith(query.words[0]):
        return Rank.FIRST_NAME
    if surname.startswith(query.words[0]):
        return Rank.LAST_NAME
    return Rank.OTHER


def best(hits: Iterable[Hit], query: Query, *, tenant_id: TenantId, at_most: int) -> list[Hit]:
    """The best hits, each person once: by rank, colleagues first, then name, then id."""
    people: dict[Person | None, Hit] = {}
    for hit in hits:
        people.setdefault(home_of(hit, tenant_id) or Person(tenant_id, hit.id), hit)
    return sorted(people.values(), key=lambda hit: (rank(hit, query), hit.is_external, hit.name_key, hit.id))[:at_most]


def home_of(hit: Hit, tenant_id: TenantId) -> Person | None:
    """The home identity that a row stands for; None for a guest whose home is not known yet."""
    if not hit.is_external:
        return Person(tenant_id, hit.id)
    if hit.home_tenant_id is None or hit.home_user_id is None:
        return None
    return Person(hit.home_tenant_id, hit.home_user_id)


def standing(hit: Hit, *, inside_organization: bool) -> Standing:
    """How a row's person stands to the searcher: a guest is a guest wherever she is at home (people-search §4)."""
    if not hit.is_external:
        return Standing.COLLEAGUE
    if hit.user_type is UserType.GUEST:
        return Standing.GUEST
    return Standing.ORGANIZATION if inside_organization else Standing.EXTERNAL
