"""GET /{tenant}/oauth2/v2.0/authorize: a client asks a person for a code (RFC 6749 §4.1, RFC 7636).

What is wrong with the client or with the address to come back to is said on a page; everything else goes back to the
client, in the way that it asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from comity.core.ids import PERSONAL_REALM
from comity.identity.clients import KnownClient, load_client
from comity.identity.decide import OIDC_SCOPES, grant_scopes
from comity.identity.grants.decide import check_challenge, is_registered
from comity.identity.grants.service import consented, open_grant
from comity.identity.grants.vouchers import Voucher, Vouchers
from comity.identity.refusals import (
    AudienceWrong,
    ClientGrantRefused,
    GrantEnded,
    InteractionNeeded,
    NotHere,
    RedirectUnregistered,
    ResponseModeUnsupported,
    ResponseTypeUnsupported,
    SignInNeeded,
    SignInRefused,
)
from comity.identity.sessions.model import SignedIn
from comity.identity.standing import load_standing
from comity.web.asking import Ask
from comity.web.oauth.browsers import address, sign_in_first, who
from comity.web.oauth.comebacks import RESPONSE_MODES, hand_back, hand_over, origin_of
from comity.web.oauth.flows import Comeback, Flow, Question, seal_flow, seal_question
from comity.web.oauth.places import Place, find_place
from comity.web.oauth.tenants import Authority, find_authority
from comity.web.oauth.token import once, required
from comity.web.shell.pages import move_on
from comity.web.shell.problems import problem

PROMPTS: Final = frozenset({"login", "none", "consent", "select_account"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked request for a code."""

    authority: Authority
    client: KnownClient
    query: Mapping[str, str]
    comeback: Comeback
    scopes: tuple[str, ...]
    prompts: frozenset[str] = field(default=frozenset())

    def flow(self, ask: Ask, *, without: frozenset[str] = frozenset()) -> Flow:
        """The way back here, once somebody has signed in or said yes; prompts in `without` are not asked again.

        Whoever signed in is who she is: the hint was for the page.
        """
        kept = {name: value for name, value in self.query.items() if name not in {"prompt", "login_hint"}}
        if left := " ".join(sorted(self.prompts - without)):
            kept["prompt"] = left
        return Flow(
            to=f"{ask.request.url.path}?{urlencode(kept)}",
            client=self.client.display_name,
            leads_to=origin_of(self.comeback.redirect_uri),
            hint=self.query.get("login_hint"),
        )


async def authorize(ask: Ask) -> Response:
    """Answer with a code, a page, or a refusal to the client."""
    query = once(ask.query())
    authority = await find_authority(ask.services.db, ask.parameters["tenant"])
    client = await load_client(ask.services.db, authority.tenant_id, required(query, "client_id"))
    redirect_uri = required(query, "redirect_uri")
    if not is_registered(redirect_uri, client.redirect_uris):
        raise RedirectUnregistered(redirect_uri=redirect_uri, client=str(client.app_id))
    mode = query.get("response_mode", "query")
    if mode not in RESPONSE_MODES:
        raise ResponseModeUnsupported(response_mode=mode)
    comeback = Comeback(redirect_uri=redirect_uri, response_mode=mode, state=query.get("state"))
    try:
        return await _answer(ask, _checked(ask, authority, client, query, comeback))
    except (NotHere, AudienceWrong) as refusal:  # another account may do better, and only the person has one
        again = address("/signin", flow=seal_flow(ask, _again(ask, authority, client, query, comeback)))
        return problem(ask, refusal, again=again)
    except SignInRefused as refusal:
        return hand_back(ask, comeback, refusal)


def _checked(
    ask: Ask, authority: Authority, client: KnownClient, query: Mapping[str, str], comeback: Comeback
) -> Wanted:
    if query.get("response_type") != "code":
        raise ResponseTypeUnsupported(response_type=query.get("response_type", ""))
    challenge = query.get("code_challenge")
    check_challenge(challenge, query.get("code_challenge_method"), is_public=client.is_public)
    if authority.tenant_id == PERSONAL_REALM and not client.is_public:
        raise ClientGrantRefused(client=str(client.app_id), grant="authorization_code")
    scopes = grant_scopes(required(query, "scope"), registered=client.scopes, origin=ask.origin)
    prompts = frozenset(query.get("prompt", "").split()) & PROMPTS
    return Wanted(authority, client, query, comeback, scopes, prompts)


def _again(ask: Ask, authority: Authority, client: KnownClient, query: Mapping[str, str], comeback: Comeback) -> Flow:
    """The same wish with another account: nobody in particular is expected any more."""
    others = {name: value for name, value in query.items() if name not in {"login_hint", "prompt"}}
    return Wanted(authority, client, others, comeback, ()).flow(ask)


async def _answer(ask: Ask, wanted: Wanted) -> Response:
    signed_in = await who(ask)
    silent = "none" in wanted.prompts
    if signed_in is None or _is_too_old(ask, wanted, signed_in) or _is_somebody_else(wanted, signed_in):
        if silent:
            raise SignInNeeded
        return sign_in_first(ask, wanted.flow(ask, without=frozenset({"login", "select_account"})))
    if "login" in wanted.prompts:
        return sign_in_first(ask, wanted.flow(ask, without=frozenset({"login", "select_account"})))
    if "select_account" in wanted.prompts:
        flow = wanted.flow(ask, without=frozenset({"select_account"}))
        return move_on(address("/signin/account", flow=seal_flow(ask, flow)))
    place = await find_place(ask, wanted.authority, wanted.client, signed_in)
    if await _has_to_ask(ask, wanted, place):
        if silent:
            raise InteractionNeeded
        return _ask_for_consent(ask, wanted, place, signed_in)
    return await _give_code(ask, wanted, place, signed_in)


def _is_too_old(ask: Ask, wanted: Wanted, signed_in: SignedIn) -> bool:
    longest = wanted.query.get("max_age", "")
    age = (ask.services.machine.now() - signed_in.at).total_seconds()
    return longest.isdecimal() and age > int(longest)


def _is_somebody_else(wanted: Wanted, signed_in: SignedIn) -> bool:
    hint = wanted.query.get("login_hint")
    return bool(hint) and "@" in str(hint) and str(hint).lower() != signed_in.person.user_principal_name.lower()


async def _has_to_ask(ask: Ask, wanted: Wanted, place: Place) -> bool:
    """A tenant's administrator vouches for its apps; the owner of a personal account answers for herself."""
    if not place.is_redeemed or "consent" in wanted.prompts:
        return True
    if place.tenant_id != PERSONAL_REALM:
        return False
    async with ask.services.db.tenant(PERSONAL_REALM, person=place.user_id) as tx:
        allowed = await consented(tx, place.user_id, wanted.client.app_id)
    return not set(wanted.scopes) - OIDC_SCOPES <= allowed


def _ask_for_consent(ask: Ask, wanted: Wanted, place: Place, signed_in: SignedIn) -> Response:
    question = Question(
        flow=wanted.flow(ask, without=frozenset({"consent"})),
        tenant_id=place.tenant_id,
        user_id=place.user_id,
        home_tenant_id=signed_in.person.tenant_id,
        home_user_id=signed_in.person.id,
        app_id=wanted.client.app_id,
        scopes=wanted.scopes,
        redeems=not place.is_redeemed,
        comeback=wanted.comeback,
    )
    return move_on(address("/signin/consent", question=seal_question(ask, question)))


async def _give_code(ask: Ask, wanted: Wanted, place: Place, signed_in: SignedIn) -> Response:
    services = ask.services
    async with services.db.tenant(place.tenant_id, person=place.user_id) as tx:
        standing = await load_standing(tx, place.user_id)
        if standing is None or not standing.covers(signed_in.at):
            raise GrantEnded
        grant = await open_grant(
            tx,
            standing.person,
            app_id=wanted.client.app_id,
            scopes=wanted.scopes,
            signed_in_at=signed_in.at,
            at=services.machine.now(),
            redirect_uri=wanted.comeback.redirect_uri,
            code_challenge=wanted.query.get("code_challenge") or None,
            nonce=wanted.query.get("nonce"),
        )
    code = Vouchers(services.sealer).seal(Voucher(grant.tenant_id, grant.user_id, grant.id, 0))
    return hand_over(ask, wanted.comeback, code)
