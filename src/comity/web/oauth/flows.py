"""Where somebody wants to go, while she signs in: sealed, so that nobody else decides it.

A page of the sign-in carries its flow as one opaque text; forms hand it from page to page. No row has to wait for
people who close the window.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from comity.core.ids import AppId, TenantId, UserId
from comity.identity.errors import SealBroken
from comity.web.asking import Ask
from comity.web.shell.forms import FormForeign

T = TypeVar("T", bound=msgspec.Struct)

LENGTH_MAX: Final = 12 * 1024
LIFETIME_S: Final = 3600
_PURPOSE: Final = "sign-in-flow"


class Comeback(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a client wants its answer."""

    redirect_uri: str
    response_mode: str
    state: str | None = None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signs in for something."""

    to: str
    """The path to go on to."""
    client: str | None = None
    """The name of the program that asked for it."""
    leads_to: str | None = None
    """The origin or scheme that the way ends at, for the pages' policy."""
    hint: str | None = None
    """Who is expected."""
    until_s: float = 0.0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person has to say yes to before she goes on."""

    flow: Flow
    tenant_id: UUID
    """Where the client will act."""
    user_id: UUID
    """Who she will be there."""
    home_tenant_id: UUID
    home_user_id: UUID
    app_id: UUID
    scopes: tuple[str, ...]
    redeems: bool
    """Is it also the yes to being in that tenant?"""
    comeback: Comeback | None = None
    """Where a no goes; None: to a page of ours."""

    @property
    def acts_in(self) -> TenantId:
        """Where the client will act."""
        return TenantId(self.tenant_id)

    @property
    def acts_as(self) -> UserId:
        """Who she will be there."""
        return UserId(self.user_id)

    @property
    def client_id(self) -> AppId:
        """Which program asks."""
        return AppId(self.app_id)


def seal_flow(ask: Ask, flow: Flow) -> str:
    """The flow as a page carries it; good for an hour from now."""
    until = ask.services.machine.now().timestamp() + LIFETIME_S
    return _seal(ask, msgspec.structs.replace(flow, until_s=until), b"flow")


def open_flow(ask: Ask, text: str) -> Flow:
    """The flow that a page carried; without one, the way leads to one's own account.

    Raises:
        FormForeign: not ours, or too old.
    """
    if not text:
        return Flow(to="/account")
    flow = _open(ask, text, b"flow", Flow)
    if flow.until_s < ask.services.machine.now().timestamp():
        raise FormForeign
    return flow


def seal_question(ask: Ask, question: Question) -> str:
    """The question as a page carries it."""
    until = ask.services.machine.now().timestamp() + LIFETIME_S
    flow = msgspec.structs.replace(question.flow, until_s=until)
    return _seal(ask, msgspec.structs.replace(question, flow=flow), b"question")


def open_question(ask: Ask, text: str) -> Question:
    """The question that a page carried.

    Raises:
        FormForeign: not ours, or too old.
    """
    question = _open(ask, text, b"question", Question)
    if question.flow.until_s < ask.services.machine.now().timestamp():
        raise FormForeign
    return question


def _seal(ask: Ask, value: msgspec.Struct, kind: bytes) -> str:
    sealed = ask.services.sealer.envelope(_PURPOSE).close(msgspec.json.encode(value), bound_to=[kind])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _open(ask: Ask, text: str, kind: bytes, made: type[T]) -> T:
    if len(text) > LENGTH_MAX:
        raise FormForeign
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        opened = ask.services.sealer.envelope(_PURPOSE).open(sealed, bound_to=[kind])
        return msgspec.json.decode(opened, type=made)
    except (SealBroken, binascii.Error, ValueError, msgspec.MsgspecError) as fault:
        raise FormForeign from fault
