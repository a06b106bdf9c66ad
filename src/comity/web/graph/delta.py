"""Delta queries: first everything, then what the feed says has changed since (graph-api §1.9, design §4.5).

A token holds a position in the tenant's feed and the options of the first request. While the first round walks the
directory, changes go on; they come again in the next round, which is what Graph's clients expect.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.criteria import Compare, Criterion, Either, Op
from comity.db.walking import Found, Place
from comity.events import feed
from comity.events.model import ChangeKind, Entry, FeedExpired
from comity.web.errors import OptionUnsupported, ResyncRequired
from comity.web.graph.odata.options import Options, read_options
from comity.web.graph.odata.reading import read_filter
from comity.web.graph.paging import link, seal, unseal
from comity.web.graph.visit import Visit, collection

T = TypeVar("T")

PURPOSE: Final = "delta-token"
PAGE: Final = 200
ENTRIES: Final = 1000
IDS_MAX: Final = 50


class Held(msgspec.Struct, array_like=True):
    """What a token holds: the options, the feed's position, and where the first round's walk stands."""

    given: dict[str, str]
    position: int
    walking: bool = False
    after: UUID | None = None
    minimal: bool = False


@dataclass(frozen=True, slots=True)
class Touched:
    """What the feed says of one object since a position."""

    id: UUID
    kinds: frozenset[ChangeKind]
    changed: int
    """Bits of all changed attributes."""
    came: tuple[UUID, ...] = ()
    """Members who came and are in."""
    went: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked(Generic[T]):
    """A collection that can be followed."""

    resource: str
    """`users/delta`."""
    names: Sequence[str]
    """What can be selected."""
    type: str
    kinds: frozenset[ChangeKind]
    """Entries that are about its objects."""
    whole: frozenset[ChangeKind]
    """Those that tell all about an object anew: it appeared, or came back."""
    walk: Callable[[Visit, UUID | None, int], Awaitable[Found[T]]]
    """Living objects by id."""
    load: Callable[[Visit, Sequence[UUID]], Awaitable[Mapping[UUID, T]]]
    """Objects by id, soft-deleted ones included."""
    is_deleted: Callable[[T], bool]
    id_of: Callable[[T], UUID]
    show: Callable[[Visit, T, tuple[str, ...] | None, Touched | None, bool], Awaitable[dict[str, Any]]]
    """(object, select, what changed (None in the first round), only that)."""


async def follow(visit: Visit, tracked: Tracked[T]) -> Response:
    """One page of a delta query.

    Raises:
        ResyncRequired, PageTokenInvalid, OptionUnsupported, SelectUnknown, FilterUnreadable.
    """
    options = read_options(visit.ask, supported={"select", "filter", "skiptoken", "deltatoken", "top"})
    if options.given.get("deltatoken", "").lower() == "latest":
        given = {name: text for name, text in options.given.items() if name != "deltatoken"}
        return _page(visit, tracked, Held(given, await feed.load_position(visit.tx), minimal=_minimal(visit)), [])
    token = options.given.get("skiptoken") or options.given.get("deltatoken")
    if token is None:
        held = Held(dict(options.given), await feed.load_position(visit.tx), walking=True, minimal=_minimal(visit))
    else:
        held = unseal(visit, tracked.resource, token, Held, purpose=PURPOSE)
    return await (_walk(visit, tracked, held) if held.walking else _read(visit, tracked, held))


async def _walk(visit: Visit, tracked: Tracked[T], held: Held) -> Response:
    select, ids = _asked(tracked, held)
    if ids is not None:
        loaded = await tracked.load(visit, ids)
        items = [each for each in loaded.values() if not tracked.is_deleted(each)]
        found: Found[T] = Found(items)
    else:
        found = await tracked.walk(visit, held.after, PAGE)
    shown = [await tracked.show(visit, each, select, None, False) for each in found.items]
    if found.after is None:
        return _page(visit, tracked, Held(held.given, held.position, minimal=held.minimal), shown)
    onward = Held(held.given, held.position, walking=True, after=found.after.id, minimal=held.minimal)
    return _page(visit, tracked, onward, shown)


async def _read(visit: Visit, tracked: Tracked[T], held: Held) -> Response:
    select, ids = _asked(tracked, held)
    try:
        entries = await feed.read(visit.tx, after=held.position, at_most=ENTRIES)
    except FeedExpired as fault:
        raise ResyncRequired(location=f"{visit.base}/{tracked.resource}") from fault
    touched = [each for each in _touched(entries, tracked.kinds) if ids is None or each.id in ids]
    loaded = await tracked.load(visit, [each.id for each in touched])
    shown = []
    for each in touched:
        item = loaded.get(each.id)
        if item is None or tracked.is_deleted(item):
            reason = "deleted" if item is None else "changed"
            shown.append({"id": str(each.id), "@removed": {"reason": reason}})
        else:
            minimal = held.minimal and not each.kinds & tracked.whole
            shown.append(await tracked.show(visit, item, select, each, minimal))
    position = entries[-1].position if entries else held.position
    onward = Held(held.given, position, minimal=held.minimal)
    return _page(visit, tracked, onward, shown, more=len(entries) == ENTRIES)


def _page(
    visit: Visit, tracked: Tracked[T], held: Held, shown: Sequence[Mapping[str, Any]], *, more: bool = False
) -> Response:
    select, _ = _asked(tracked, held)
    context = visit.context(tracked.resource.partition("/")[0], select)
    token = seal(visit, tracked.resource, held, purpose=PURPOSE)
    if held.walking or more:
        return collection(context, shown, next_link=link(visit, tracked.resource, "$skiptoken", token))
    return collection(context, shown, delta_link=link(visit, tracked.resource, "$deltatoken", token))


def _asked(tracked: Tracked[T], held: Held) -> tuple[tuple[str, ...] | None, list[UUID] | None]:
    """What is selected, and the ids that are asked about."""
    options = Options(held.given)
    select = options.select(tracked.names, type_name=tracked.type)
    text = held.given.get("filter")
    return select, _ids(read_filter(text)) if text else None


def _ids(criterion: Criterion) -> list[UUID]:
    parts = criterion.parts if isinstance(criterion, Either) else (criterion,)
    found = []
    for part in parts:
        match part:
            case Compare("id", Op.EQ, UUID() as value):
                found.append(value)
            case Compare("id", Op.EQ, str(value)) if len(value) == 36:
                found.append(UUID(value))
            case _:
                raise OptionUnsupported(option="$filter")
    if len(found) > IDS_MAX:
        raise OptionUnsupported(option="$filter")
    return found


def _touched(entries: Sequence[Entry], kinds: frozenset[ChangeKind]) -> list[Touched]:
    """What the entries say of each object, in the order in which they last speak of it."""
    kind_of: dict[UUID, set[ChangeKind]] = {}
    bits: dict[UUID, int] = {}
    members: dict[UUID, dict[UUID, bool]] = {}
    for each in entries:
        if each.kind not in kinds:
            continue
        before = kind_of.pop(each.object_id, set())
        kind_of[each.object_id] = before | {each.kind}
        bits[each.object_id] = bits.get(each.object_id, 0) | each.changed
        if each.related_id is not None:
            members.setdefault(each.object_id, {})[each.related_id] = each.kind is ChangeKind.MEMBER_ADDED
    return [
        Touched(
            key,
            frozenset(found),
            bits[key],
            tuple(one for one, is_in in members.get(key, {}).items() if is_in),
            tuple(one for one, is_in in members.get(key, {}).items() if not is_in),
        )
        for key, found in kind_of.items()
    ]


def _minimal(visit: Visit) -> bool:
    return visit.prefers("return=minimal")


def known(body: Mapping[str, Any], select: tuple[str, ...] | None) -> dict[str, Any]:
    """What was asked for; unasked, what has a value."""
    if select is not None:
        return dict(body)
    return {name: value for name, value in body.items() if value is not None}


def by_id(after: UUID | None) -> Place | None:
    """The place of a walk by id."""
    return None if after is None else Place(None, after)
