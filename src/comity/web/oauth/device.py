"""Device sign-in: the endpoint that devices ask, and the pages on which somebody answers (RFC 8628)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.ids import PERSONAL_REALM
from comity.identity.clients import load_client
from comity.identity.decide import OIDC_SCOPES
from comity.identity.devices.model import DeviceRequest
from comity.identity.devices.service import approve_device, decline_device, find_device, start_device
from comity.identity.errors import DeviceCodeUnknown
from comity.identity.grants.service import consented, give_consent
from comity.identity.refusals import AudienceWrong, GrantEnded, NotHere
from comity.identity.sessions.model import SignedIn
from comity.identity.standing import load_standing
from comity.web.asking import Ask
from comity.web.oauth.answers import document
from comity.web.oauth.browsers import address, client_address, sign_in_first, who
from comity.web.oauth.flows import Flow, Question, seal_flow, seal_question
from comity.web.oauth.pages import AskDevice, AskDeviceCode, Message, Told
from comity.web.oauth.places import Place, find_place
from comity.web.oauth.tenants import find_authority
from comity.web.oauth.token import read_client, read_parameters, required
from comity.web.shell.forms import read_form
from comity.web.shell.languages import language_of
from comity.web.shell.pages import move_on, show
from comity.web.shell.problems import problem

GUESSES_WITHIN: Final = timedelta(minutes=10)


async def issue_device_code(ask: Ask) -> Response:
    """POST /{tenant}/oauth2/v2.0/devicecode"""
    form = await read_parameters(ask)
    authority = await find_authority(ask.services.db, ask.parameters["tenant"])
    client_id, _ = read_client(ask, authority, form)
    client = await load_client(ask.services.db, authority.tenant_id, client_id)
    started = await start_device(
        ask.services.sign_in, client, authority=authority.segment, scope=required(form, "scope"), origin=ask.origin
    )
    uri = f"{ask.origin}/device"
    return document(
        {
            "user_code": started.user_code,
            "device_code": started.device_code,
            "verification_uri": uri,
            "verification_uri_complete": f"{uri}?code={started.user_code}",
            "expires_in": started.expires_in_s,
            "interval": started.interval_s,
            "message": sentence("device-message", {"uri": uri, "code": started.user_code}, ask.language),
        },
        max_age_s=0,
    )


async def ask_code(ask: Ask) -> Response:
    """GET /device: which device; with a code, whether it may be signed in."""
    code = dict(ask.query()).get("code", "")
    if not code:
        return show(ask, AskDeviceCode(title="device-title"))
    return await _confirm(ask, code)


async def take_code(ask: Ask) -> Response:
    """POST /device: the code that somebody read off the device."""
    form = await read_form(ask)
    return move_on(address("/device", code=form.get("code")) if form.get("code") else "/device")


async def take_answer(ask: Ask) -> Response:
    """POST /device/answer: yes or no."""
    form = await read_form(ask)
    request = await _find(ask, form.required("code"))
    signed_in = await who(ask)
    if signed_in is None:
        return sign_in_first(ask, _flow(request))
    if form.get("answer") != "accept":
        await decline_device(ask.services.sign_in, request)
        return show(ask, Told(title="device-declined-title"), here="/device")
    place, client_name = await _place(ask, request, signed_in)
    if not place.is_redeemed:
        return _redeem_first(ask, request, place, signed_in, client_name)
    async with ask.services.db.tenant(place.tenant_id, person=place.user_id) as tx:
        standing = await load_standing(tx, place.user_id)
        if standing is None or not standing.covers(signed_in.at):
            raise GrantEnded
        if place.tenant_id == PERSONAL_REALM:  # the page named what the app may do: the yes was to that
            at = ask.services.machine.now()
            await give_consent(tx, place.user_id, request.app_id, request.scopes, at=at)
    await approve_device(ask.services.sign_in, request, standing.person, signed_in_at=signed_in.at)
    return show(ask, Told(title="device-done-title"), here="/device")


async def _confirm(ask: Ask, code: str) -> Response:
    try:
        request = await _find(ask, code)
    except DeviceCodeUnknown as unknown:
        said = sentence(unknown.code, {}, language_of(ask))
        again = AskDeviceCode(title="device-title", code=code, message=Message(kind="danger", said=said))
        return show(ask, again, status=400, here="/device")
    signed_in = await who(ask)
    if signed_in is None:
        return sign_in_first(ask, _flow(request))
    try:
        place, client_name = await _place(ask, request, signed_in)
    except (NotHere, AudienceWrong) as refusal:
        return problem(ask, refusal, again=address("/signin", flow=seal_flow(ask, _flow(request))))
    if not place.is_redeemed:
        return _redeem_first(ask, request, place, signed_in, client_name)
    page = AskDevice(
        title="device-confirm-title",
        facts=(("client", client_name),),
        code=request.user_code,
        client=client_name,
        name=signed_in.person.user_principal_name,
        scopes=await _new_scopes(ask, request, place),
        flow=seal_flow(ask, _flow(request)),
    )
    return show(ask, page)


async def _find(ask: Ask, code: str) -> DeviceRequest:
    """The device; whoever guesses is stopped soon."""
    attempts, place = ask.services.sign_in.attempts, client_address(ask)
    most = ask.services.settings.sign_in_failures_per_address_max
    await attempts.check("device", place, most=most, within=GUESSES_WITHIN)
    try:
        return await find_device(ask.services.sign_in, code)
    except DeviceCodeUnknown:
        await attempts.count("device", place, within=GUESSES_WITHIN)
        raise


async def _place(ask: Ask, request: DeviceRequest, signed_in: SignedIn) -> tuple[Place, str]:
    authority = await find_authority(ask.services.db, request.authority)
    client = await load_client(ask.services.db, authority.tenant_id, str(request.app_id))
    return await find_place(ask, authority, client, signed_in), client.display_name


async def _new_scopes(ask: Ask, request: DeviceRequest, place: Place) -> tuple[str, ...]:
    """What a yes would allow that was not allowed before: in a tenant nothing, its administrators vouch."""
    if place.tenant_id != PERSONAL_REALM:
        return ()
    async with ask.services.db.tenant(PERSONAL_REALM, person=place.user_id) as tx:
        allowed = await consented(tx, place.user_id, request.app_id)
    return tuple(each for each in request.scopes if each not in allowed | OIDC_SCOPES)


def _flow(request: DeviceRequest) -> Flow:
    return Flow(to=address("/device", code=request.user_code))


def _redeem_first(ask: Ask, request: DeviceRequest, place: Place, signed_in: SignedIn, client_name: str) -> Response:
    question = Question(
        flow=Flow(to=address("/device", code=request.user_code), client=client_name),
        tenant_id=place.tenant_id, user_id=place.user_id, home_tenant_id=signed_in.person.tenant_id,
        home_user_id=signed_in.person.id, app_id=request.app_id, scopes=request.scopes, redeems=True,
    )  # fmt: skip
    return move_on(address("/signin/consent", question=seal_question(ask, question)))
