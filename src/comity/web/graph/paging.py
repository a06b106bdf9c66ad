"""Pages of a collection: how large, in what order, and a link to the next one that only its asker can follow.

A token in a link is sealed and bound to tenant, caller and resource; it carries the place where its page
ends and the options that it was asked with. Nobody reads from it how the directory is ordered, or goes on
with somebody else's.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from comity.db.walking import Place
from comity.identity.errors import SealBroken
from comity.web.errors import OptionUnreadable, PageTokenInvalid
from comity.web.graph.odata.options import LISTING, PAGE_SIZE_DEFAULT, Options, Searchable, read_options
from comity.web.graph.visit import Errand

T = TypeVar("T", bound=msgspec.Struct)

PURPOSE: Final = "page-token"


class Held(msgspec.Struct, array_like=True):
    """What a token holds."""

    given: dict[str, str]
    eventual: bool
    key: str | None = None
    id: UUID | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class PageAsked:
    """The page that a request asks for."""

    options: Options
    size: int
    select: tuple[str, ...] | None
    after: Place | None = None
    skip: int = 0
    """Where things at hand go on."""


def asked(errand: Errand, of: Searchable, *, resource: str, supported: Collection[str] = LISTING) -> PageAsked:
    """What the request asks for: its own options, or those that its token carries.

    Raises:
        PageTokenInvalid, OptionUnreadable (other options beside the token), SelectUnknown, TopInvalid,
        OptionUnknown, OptionUnsupported.
    """
    options = read_options(errand.ask, supported=supported)
    token = options.given.get("skiptoken")
    held = Held(dict(options.given), options.eventual)
    if token is not None:
        held = unseal(errand, resource, token, Held, purpose=PURPOSE)
        for name, value in options.given.items():
            if name != "skiptoken" and held.given.get(name) != value:
                raise OptionUnreadable(option="$skiptoken")
    options = Options(held.given, held.eventual)
    size, select = options.top() or PAGE_SIZE_DEFAULT, options.select(of.names, type_name=of.type)
    after = None if held.id is None else Place(held.key, held.id)
    return PageAsked(options, size, select, after, held.skip)


def next_link(errand: Errand, page: PageAsked, *, resource: str, after: Place | None = None, skip: int = 0) -> str:
    """The address of the page behind this one."""
    key, place = (None, None) if after is None else (after.key, after.id)
    held = Held(dict(page.options.given), page.options.eventual, key, place, skip)
    return link(errand, resource, "$skiptoken", seal(errand, resource, held, purpose=PURPOSE))


def link(errand: Errand, resource: str, option: str, token: str) -> str:
    """An address under the version that was asked."""
    return f"{errand.base}/{quote(resource, safe='/')}?{option}={quote(token)}"


def seal(errand: Errand, resource: str, held: msgspec.Struct, *, purpose: str) -> str:
    """A token that only this caller can use, and only for this resource."""
    envelope = errand.ask.services.sealer.envelope(purpose)
    sealed = envelope.close(msgspec.msgpack.encode(held), bound_to=_binding(errand, resource))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(errand: Errand, resource: str, token: str, form: type[T], *, purpose: str) -> T:
    """What a token holds.

    Raises:
        PageTokenInvalid: it is not ours, or was made for somebody else or another question.
    """
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        data = errand.ask.services.sealer.envelope(purpose).open(sealed, bound_to=_binding(errand, resource))
        return msgspec.msgpack.decode(data, type=form)
    except (binascii.Error, ValueError, SealBroken) as fault:
        raise PageTokenInvalid from fault


def _binding(errand: Errand, resource: str) -> list[bytes]:
    return [errand.bearer.tenant_id.bytes, errand.bearer.principal_id.bytes, resource.encode()]
