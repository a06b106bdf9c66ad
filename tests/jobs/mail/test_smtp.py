"""Mail over a real server: protected on its way, signed in, and never without end."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest

from comity.core.settings import Secret
from comity.jobs.mail.model import Letter, Mail, MailId, MailRefused, MailState, MailUnavailable
from comity.jobs.mail.smtp import Security, SmtpSender, SmtpServer
from comity.jobs.mail.writing import write
from tests.jobs.mail.conftest import PASSWORD, USER, MailServer

ANNIE, BOB = "annie@contoso.example", "bob@contoso.example"


def message(*recipients: str) -> EmailMessage:
    """Umlauts included."""
    letter = Letter(
        "sync-mail-held",
        {"job": "Sync", "source": "Köln", "target": "Zürich", "held": 501, "threshold": 500, "source_id": "s",
         "job_id": "j", "at": "2026-03-01 08:00 UTC"},
        recipients or (ANNIE,),
        "de",
    )  # fmt: skip
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    return write(Mail(MailId(UUID(int=7)), letter, MailState.WAITING, None, at, None), sender="comity@contoso.example")


def way(server: MailServer, security: Security = Security.STARTTLS) -> SmtpServer:
    return SmtpServer(
        host="127.0.0.1", security=security, port=server.port, user=USER, password=Secret(PASSWORD),
        timeout_s=5, ca_file=server.ca_file,
    )  # fmt: skip


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_mail_goes_encrypted_and_signed_in(starttls: MailServer, tls: MailServer, security: Security):
    """The server insists on both; what arrives says what was written."""
    server = starttls if security is Security.STARTTLS else tls

    assert await SmtpSender(way(server, security)).send(message(ANNIE, BOB)) == []

    (envelope,) = server.box.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("comity@contoso.example", [ANNIE, BOB])
    assert server.box.signed_in == [USER]
    assert server.box.encrypted == [security is Security.STARTTLS]  # with TLS from the first byte SMTP knows of none
    assert isinstance(envelope.content, bytes)
    arrived = message_from_bytes(envelope.content, policy=default)
    assert arrived["Subject"] == "Löschungen in Zürich sind zurückgehalten: 501"
    body = arrived.get_body()
    assert body is not None and "von Köln nach Zürich" in body.get_content()


async def test_a_relay_on_the_same_machine_may_do_without(plain: MailServer):
    """Only if the settings say so."""
    server = replace(way(plain, Security.NONE), user=None, password=None)

    assert await SmtpSender(server).send(message()) == []
    assert len(plain.box.taken) == 1


async def test_a_server_without_starttls_gets_nothing(plain: MailServer):
    """Neither mail nor password goes in the clear because somebody on the way left STARTTLS out."""
    with pytest.raises(MailUnavailable):
        await SmtpSender(way(plain)).send(message())
    assert plain.box.taken == []


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(starttls: MailServer):
    """Without the file of our own only the system's authorities count."""
    with pytest.raises(MailUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await SmtpSender(replace(way(starttls), ca_file=None)).send(message())


async def test_a_wrong_password_is_for_the_settings_to_mend(starttls: MailServer):
    """The mail waits, and nobody is told the password."""
    wrong = replace(way(starttls), password=Secret("wrong horse"))

    with pytest.raises(MailUnavailable) as fault:
        await SmtpSender(wrong).send(message())
    assert "535" in str(fault.value)
    assert "wrong horse" not in str(fault.value)


async def test_a_recipient_who_is_refused_does_not_cost_the_others_theirs(starttls: MailServer):
    """Who was left out is said."""
    starttls.box.refused[BOB] = "550 no such person"

    assert await SmtpSender(way(starttls)).send(message(ANNIE, BOB)) == [BOB]
    assert starttls.box.taken[0].rcpt_tos == [ANNIE]


@pytest.mark.parametrize(
    ("reply", "fault"), [("550 no such person", MailRefused), ("450 greylisted, come again", MailUnavailable)]
)
async def test_never_and_not_now_are_told_apart(starttls: MailServer, reply: str, fault: type[Exception]):
    """A reply of 500 and more is for good; below it the mail is tried again."""
    starttls.box.refused[ANNIE] = reply
    with pytest.raises(fault, match=reply[4:]):
        await SmtpSender(way(starttls)).send(message())

    starttls.box.refused.clear()
    starttls.box.reply = reply
    with pytest.raises(fault, match=reply[4:]):
        await SmtpSender(way(starttls)).send(message())


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    """The connection stands and no greeting comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = SmtpServer(host="127.0.0.1", security=Security.STARTTLS, port=silent.getsockname()[1], timeout_s=0.2)
        with pytest.raises(MailUnavailable, match="timed out"):
            await SmtpSender(server).send(message())


async def test_nobody_there_is_told_as_it_is():
    """Where it was looked for, and what came of it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = SmtpServer(host="127.0.0.1", security=Security.NONE, port=port, timeout_s=5)

    with pytest.raises(MailUnavailable) as fault:
        await SmtpSender(server).send(message())
    assert fault.value.parameters["server"] == f"127.0.0.1:{port}"
