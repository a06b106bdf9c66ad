"""Who is signed in with the browser that asks."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from comity.identity.model import Person
from comity.identity.sessions.model import SignedIn
from comity.identity.sessions.service import find_session, start_session
from comity.web.asking import Ask
from comity.web.oauth.flows import Flow, seal_flow
from comity.web.shell.cookies import SESSION, get_cookie, set_cookie
from comity.web.shell.pages import move_on


async def who(ask: Ask) -> SignedIn | None:
    """Who is signed in here, if anybody is."""
    return await find_session(ask.services.db, get_cookie(ask, SESSION), at=ask.services.machine.now())


async def signed_in_as(ask: Ask, person: Person, *, then: str) -> Response:
    """She is signed in from now on, and goes on to where she wanted."""
    cookie = await start_session(
        ask.services.db, person, client=ask.header("user-agent") or "", at=ask.services.machine.now()
    )
    response = move_on(then)
    set_cookie(ask, response, SESSION, cookie)
    return response


def sign_in_first(ask: Ask, flow: Flow) -> Response:
    """To the sign-in page, and from there on with the flow."""
    return move_on(address("/signin", flow=seal_flow(ask, flow)))


def address(path: str, **query: str) -> str:
    """A path of ours with a query."""
    return f"{path}?{urlencode(query)}" if query else path


def client_address(ask: Ask) -> str:
    """Where the request comes from, as far as the connection says: nobody's header is believed."""
    return ask.request.client.host if ask.request.client else "nowhere"
