"""Collections: walked in the database page by page, or chosen from things at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from starlette.responses import Response

from comity.core.criteria import Criterion, fits
from comity.core.folding import name_key
from comity.db.walking import Found, Order, Place
from comity.web.errors import CountNeedsHeader
from comity.web.graph.odata.options import LISTING, Searchable, read_options
from comity.web.graph.paging import PageAsked, asked, next_link
from comity.web.graph.shape import Shape
from comity.web.graph.visit import Visit, collection, number

T = TypeVar("T")

Find = Callable[[Criterion | None, Order | None, Place | None, int], Awaitable[Found[T]]]
"""(criterion, order, place, at most) → a page."""
Count = Callable[[Criterion | None], Awaitable[int]]
Show = Callable[[Sequence[T], PageAsked], Awaitable[Sequence[Mapping[str, Any]]]]


async def list_walked(
    visit: Visit,
    of: Searchable,
    *,
    resource: str,
    find: Find[T],
    count: Count,
    show: Show[T],
    context: str | None = None,
) -> Response:
    """A page of a collection that the database walks."""
    page = asked(visit, of, resource=resource)
    criterion = page.options.criterion(of)
    order = page.options.order(of, criterion)
    found = await find(criterion, order, page.after, page.size)
    total = await count(criterion) if page.options.counts else None
    onward = None if found.after is None else next_link(visit, page, resource=resource, after=found.after)
    items = await show(found.items, page)
    return collection(visit.context(context or resource, page.select), items, next_link=onward, count=total)


async def count_walked(visit: Visit, of: Searchable, *, count: Count) -> Response:
    """The `$count` segment of a collection that the database walks.

    Raises:
        CountNeedsHeader.
    """
    options = read_options(visit.ask, supported={"filter", "search", "count"})
    if not options.eventual:
        raise CountNeedsHeader
    from_text = type(options)({**options.given, "count": "true"}, eventual=True)
    return number(await count(from_text.criterion(of)))


def searchable(shape: Shape[Any], *, paths: Sequence[str] = (), starts: Sequence[str] = ("displayName",)) -> Searchable:
    """Things at hand can be asked by everything that they show."""
    names = tuple(shape.properties)
    named = [each for each in ("displayName",) if each in names]
    return Searchable(
        shape.type, names, filters=(*names, *paths), starts=starts, orders=names, searches=named or names[:1]
    )


def list_all(
    visit: Visit,
    shape: Shape[T],
    things: Sequence[T],
    *,
    resource: str,
    context: str | None = None,
    paths: Sequence[str] = (),
    supported: Collection[str] = LISTING,
    typed: bool = False,
    only: Callable[[T], Mapping[str, Any]] | None = None,
) -> Response:
    """A page of things at hand, filtered and ordered here; `only` says how one is shown, where its shape does not."""
    of = searchable(shape, paths=paths)
    page = asked(visit, of, resource=resource, supported=supported)
    criterion = page.options.criterion(of)
    order = page.options.order(of, criterion)
    chosen = [each for each in things if fits(criterion, lambda name, thing=each: shape.read(thing, name))]  # type: ignore[misc]
    if order is not None:
        chosen.sort(key=lambda each: _key(shape.read(each, order.name)), reverse=order.descending)
    shown = chosen[page.skip : page.skip + page.size]
    behind = page.skip + page.size
    onward = next_link(visit, page, resource=resource, skip=behind) if behind < len(chosen) else None
    items = [only(each) if only is not None else shape.show(each, page.select, typed=typed) for each in shown]
    total = len(chosen) if page.options.counts else None
    return collection(visit.context(context or resource, page.select), items, next_link=onward, count=total)


def count_all(visit: Visit, shape: Shape[T], things: Sequence[T], *, paths: Sequence[str] = ()) -> Response:
    """The `$count` segment of things at hand.

    Raises:
        CountNeedsHeader.
    """
    options = read_options(visit.ask, supported={"filter", "search", "count"})
    if not options.eventual:
        raise CountNeedsHeader
    counted = type(options)({**options.given, "count": "true"}, eventual=True)
    criterion = counted.criterion(searchable(shape, paths=paths))
    return number(sum(fits(criterion, lambda name, thing=each: shape.read(thing, name)) for each in things))  # type: ignore[misc]


def _key(value: Any) -> tuple[bool, str]:
    """Texts in the order in which people expect them; what is missing last."""
    return value is None, name_key(value) if isinstance(value, str) else str(value)
