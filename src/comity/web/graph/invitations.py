"""POST /invitations (graph-api §3.5)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid5

from starlette.responses import Response

from comity.core.caller import UserType
from comity.identity.invitations import Invited, invite
from comity.web.graph.bodies import Body, PropertyInvalid
from comity.web.graph.operation import post
from comity.web.graph.shape import Shape, flag, text, thing
from comity.web.graph.visit import Visit, created


class Invitation(Body, kw_only=True):
    """Who is invited, and where she goes then."""

    invited_user_email_address: str
    invite_redirect_url: str
    invited_user_display_name: str | None = None
    invited_user_type: UserType = UserType.GUEST
    send_invitation_message: bool | None = None
    invited_user_message_info: dict[str, Any] | None = None
    invited_user: dict[str, Any] | None = None
    reset_redemption: bool | None = None


Made = tuple[Invitation, Invited, str]
INVITATION: Final = Shape[Made](
    "microsoft.graph.invitation",
    {
        "id": text(lambda made: str(uuid5(made[1].user.id, "invitation"))),
        "inviteRedeemUrl": text(lambda made: made[2]),
        "invitedUserDisplayName": text(lambda made: made[1].user.display_name),
        "invitedUserType": text(lambda made: made[1].user.user_type.value),
        "invitedUserEmailAddress": text(lambda made: made[0].invited_user_email_address),
        "sendInvitationMessage": flag(lambda _: False),
        "resetRedemption": flag(lambda _: False),
        "inviteRedirectUrl": text(lambda made: made[0].invite_redirect_url),
        "status": text(lambda made: "Completed" if made[1].link is None else "PendingAcceptance"),
        "invitedUserMessageInfo": thing(
            lambda _: {
                "messageLanguage": None, "customizedMessageBody": None,
                "ccRecipients": [{"emailAddress": {"name": None, "address": None}}],
            }
        ),
        "invitedUser": thing(lambda made: {"id": str(made[1].user.id)}),
    },
)  # fmt: skip


async def add_invitation(visit: Visit) -> Response:
    """POST /invitations."""
    wanted: Invitation = visit.body
    if urlsplit(wanted.invite_redirect_url).scheme not in {"http", "https"}:
        raise PropertyInvalid(property="inviteRedirectUrl", fault="an absolute address")
    if wanted.send_invitation_message:
        raise PropertyInvalid(property="sendInvitationMessage", fault="pass the address on yourself")
    made = await invite(
        visit.tx,
        visit.caller,
        mail=wanted.invited_user_email_address,
        display_name=wanted.invited_user_display_name,
        user_type=wanted.invited_user_type,
        at=visit.ask.services.machine.now(),
    )
    address = wanted.invite_redirect_url if made.link is None else f"{visit.ask.origin}/welcome/{made.link.token}"
    return created(visit.context("invitations", entity=True), INVITATION.show((wanted, made, address)))


OPERATIONS: Final = (
    post(
        "/invitations",
        add_invitation,
        "Invite somebody from elsewhere",
        shape=INVITATION,
        body=Invitation,
        remark="no mail is sent: the address is answered",
    ),
)
