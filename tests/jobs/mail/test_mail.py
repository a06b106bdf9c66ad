"""Mail is queued with what it tells of, sent outside any transaction, and tried again when the server is away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from comity.core.clock import BusinessClock
from comity.core.ids import new_id
from comity.core.settings import SettingInvalid, read_settings
from comity.db.database import Database
from comity.jobs.due import DueRows
from comity.jobs.mail.choosing import choose_sender
from comity.jobs.mail.handlers import PATIENCE, offered
from comity.jobs.mail.model import Letter, Mail, MailId, MailRefused, MailState, MailUnavailable
from comity.jobs.mail.outbox import FileOutbox
from comity.jobs.mail.service import MAIL, list_mails, post
from comity.jobs.mail.smtp import SmtpSender
from comity.jobs.mail.writing import MailAddressInvalid, check_address
from comity.jobs.model import Order, Task
from tests.support.world import Org

WHO = "annie@contoso.example"


class Postman:
    """Takes messages, or says why not."""

    def __init__(self, db: Database, *faults: Exception) -> None:
        self._db = db
        self._faults = list(faults)
        self.taken: list[EmailMessage] = []
        self.connections_in_use: list[int] = []

    async def send(self, message: EmailMessage) -> Sequence[str]:
        """See `Sender.send`."""
        figures = self._db.waiting()
        self.connections_in_use.append(figures.get("pool_size", 0) - figures.get("pool_available", 0))
        if self._faults:
            raise self._faults.pop(0)
        self.taken.append(message)
        return ()


async def write_to(org: Org, *recipients: str, language: str = "en") -> MailId:
    facts = {
        "job": "Sync", "source": "Köln", "target": "Zürich", "source_id": "s", "job_id": "j",
        "at": "2026-03-01 08:00 UTC", "why": {"code": "sync-target-not-accepted", "facts": {}},
    }  # fmt: skip
    async with org.db.tenant(org.id) as tx:
        return await post(tx, Letter("sync-mail-stopped", facts, recipients or (WHO,), language))


async def deliver(org: Org, mail_id: MailId, postman: Postman | FileOutbox) -> None:
    task = Task(Order(MAIL, org.id, mail_id), new_id(), 1, None)
    await offered(org.db, postman, address="comity@contoso.example").handler(task)


async def only(org: Org) -> Mail:
    async with org.db.tenant(org.id) as tx:
        (mail,) = await list_mails(tx, org.operator)
    return mail


async def test_a_mail_is_queued_if_and_only_if_its_change_commits(contoso: Org, db: Database):
    """Otherwise it would tell of what never happened."""

    class Undone(Exception):
        pass

    async def undone() -> None:
        async with db.tenant(contoso.id) as tx:
            await post(tx, Letter("sync-mail-stopped", {}, [WHO], "en"))
            raise Undone

    with pytest.raises(Undone):
        await undone()
    mail_id = await write_to(contoso)

    assert (await only(contoso)).id == mail_id
    waiting = [each.order for each in await DueRows(db, machine=db.clock).waiting(MAIL)]
    assert [each.key for each in waiting if each.tenant_id == contoso.id] == [mail_id]


async def test_a_mail_is_sent_once_and_outside_any_transaction(contoso: Org, db: Database):
    """A mail server that takes its time holds no connection, and no row."""
    mail_id = await write_to(contoso)
    postman = Postman(db)

    await deliver(contoso, mail_id, postman)
    await deliver(contoso, mail_id, postman)

    assert [each["To"] for each in postman.taken] == [WHO]
    assert postman.connections_in_use == [0]
    sent = await only(contoso)
    assert (sent.state, sent.fault) == (MailState.SENT, None)
    assert sent.sent_at is not None


async def test_it_is_written_in_the_readers_language_facts_included(contoso: Org, db: Database):
    """Subject, body, and the sentence within it."""
    postman = Postman(db)
    await deliver(contoso, await write_to(contoso, language="de"), postman)

    (message,) = postman.taken
    assert message["Subject"] == "Die Synchronisierung von Köln nach Zürich wurde angehalten"
    assert message["Content-Language"] == "de"
    assert "lässt die Synchronisierung nicht herein" in message.get_content()


async def test_machines_can_tell_that_no_person_wrote_it(contoso: Org, db: Database):
    """So nobody's absence assistant answers, and a doubled delivery is known by its id."""
    postman = Postman(db)
    mail_id = await write_to(contoso)
    await deliver(contoso, mail_id, postman)

    (message,) = postman.taken
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{mail_id}@contoso.example>"


async def test_a_server_that_is_away_is_tried_again_and_at_last_given_up(
    contoso: Org, db: Database, clock: BusinessClock
):
    """The worker tries later and later; after three days the news is none."""
    mail_id = await write_to(contoso)
    away = MailUnavailable(server="mail.example:587", detail="Connection refused")
    with pytest.raises(MailUnavailable):
        await deliver(contoso, mail_id, Postman(db, away))
    waiting = await only(contoso)
    assert (waiting.state, waiting.fault) == (MailState.WAITING, "mail.example:587: Connection refused")

    clock.offset += PATIENCE
    await deliver(contoso, mail_id, Postman(db, away))
    assert (await only(contoso)).state is MailState.FAILED


async def test_what_is_refused_for_good_is_not_tried_again(contoso: Org, db: Database):
    """And says why."""
    mail_id = await write_to(contoso)
    postman = Postman(db, MailRefused(server="mail.example", detail="550 no such person"))
    await deliver(contoso, mail_id, postman)
    await deliver(contoso, mail_id, postman)

    assert postman.taken == []
    assert (await only(contoso)).fault == "550 no such person"


async def test_without_a_mail_server_each_mail_is_a_file(contoso: Org, tmp_path: Path):
    """Readable by its owner only, whole or not there, and one file however often it is delivered."""
    outbox = tmp_path / "out"
    mail_id = await write_to(contoso, WHO, "bob@contoso.example")
    await deliver(contoso, mail_id, FileOutbox(outbox))

    (file,) = outbox.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == (f"{mail_id}.eml", 0o600)
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert message["To"] == f"{WHO}, bob@contoso.example"


async def test_an_outbox_that_cannot_be_written_is_tried_again(contoso: Org, tmp_path: Path):
    """A file stands where the directory should be."""
    (tmp_path / "out").touch()
    with pytest.raises(MailUnavailable):
        await deliver(contoso, await write_to(contoso), FileOutbox(tmp_path / "out" / "deeper"))


def test_the_settings_choose_the_way(tmp_path: Path):
    """A server that is named, else files in the data directory; a protection that there is none of is refused."""
    assert isinstance(choose_sender(read_settings({}, data=tmp_path)), FileOutbox)
    named = {"COMITY_SMTP_HOST": "mail.example", "COMITY_SMTP_PORT": "2525", "COMITY_SMTP_PASSWORD": "correct horse"}
    settings = read_settings(named, data=tmp_path)
    assert isinstance(choose_sender(settings), SmtpSender)
    assert settings.smtp_port == 2525
    assert "correct horse" not in repr(settings)
    with pytest.raises(SettingInvalid):
        choose_sender(read_settings({**named, "COMITY_SMTP_SECURITY": "some"}, data=tmp_path))


@pytest.mark.parametrize("text", ["", "annie", "annie@", "@contoso.example", "a@b.example\nBcc: c@d.example", "a b@c.d",
                                  "Annie <annie@contoso.example>", "a@" + "b" * 260 + ".example"])  # fmt: skip
def test_what_is_no_address_goes_into_no_header(text: str):
    """Above all no line break."""
    with pytest.raises(MailAddressInvalid):
        check_address(text)


def test_an_address_is_kept_as_it_is():
    assert check_address(" Annie.Miller+ops@Contoso.example ") == "Annie.Miller+ops@Contoso.example"


def test_patience_is_days_and_not_hours():
    """A mail server may be away over a weekend."""
    assert timedelta(days=2) < PATIENCE
