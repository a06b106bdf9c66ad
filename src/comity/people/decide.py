"""Rules of people search, as pure functions: who matches, how well, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from comity.access.model import Person
from comity.core.caller import UserType
from comity.core.ids import TenantId
from comity.people.model import Hit, Rank, Standing
from comity.people.query import Query, Typed
from comity.people.typos import edits_forgiven, edits_stored, is_meant
from comity.people.words import Named, Words, words_of

CORRECTIONS_MAX: Final = 12
"""Words that are taken for what was meant by one misspelt word."""


def rank(hit: Hit, query: Query) -> Rank | None:
    """How well does this person match? None: not at all (people-search §7)."""
    if query.address is not None and query.address in (hit.mail_key, hit.upn_key):
        return Rank.ADDRESS
    if query.typed:
        found = _rank_name(hit, query)
        if found is not None:
            return found
    return Rank.OTHER if _begins_address(hit, query) else None


def _rank_name(hit: Hit, query: Query) -> Rank | None:
    given, surname = hit.given_key, hit.surname_key
    if query.name in (hit.name_key, given, surname, f"{given} {surname}", f"{surname} {given}"):
        return Rank.NAME
    words = words_of(named(hit))
    names = (*words.given, *words.surname, *words.display)
    if all(_begins(names, each.word) for each in query.typed):
        return _rank_plain(words, query.typed[0].word)
    spelled = (*names, *words.spellings)
    if all(_matches(spelled, each) for each in query.typed):
        return Rank.FOLDED
    if all(_matches(spelled, each) or _misspells(spelled, each.word) for each in query.typed):
        return Rank.MISSPELT
    everything = (*spelled, *words.work)
    return Rank.OTHER if all(_matches(everything, each) for each in query.typed) else None


def _rank_plain(words: Words, first: str) -> Rank:
    """Every word begins one of the names: which one does the first?"""
    if _begins(words.given, first):
        return Rank.FIRST_NAME
    return Rank.LAST_NAME if _begins(words.surname, first) else Rank.OTHER


def _begins(names: Sequence[str], word: str) -> bool:
    return any(each.startswith(word) for each in names)


def _matches(names: Sequence[str], typed: Typed) -> bool:
    return any(_begins(names, form) for form in typed.forms)


def _misspells(names: Sequence[str], word: str) -> bool:
    return edits_forgiven(word) > 0 and any(edits_stored(each) and is_meant(word, each) for each in names)


def _begins_address(hit: Hit, query: Query) -> bool:
    if query.address is None:
        return False
    return hit.upn_key.startswith(query.address) or (hit.mail_key or "").startswith(query.address)


def corrections(word: str, candidates: Iterable[str]) -> list[str]:
    """Which words of the dictionary may be meant, by name; at most `CORRECTIONS_MAX`."""
    return sorted(each for each in candidates if is_meant(word, each))[:CORRECTIONS_MAX]


def named(hit: Hit) -> Named:
    """What the person is found by."""
    return Named(hit.display_name, hit.given_name, hit.surname, hit.job_title, hit.department)


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
