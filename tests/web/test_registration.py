"""Anybody registers a personal account (mission M6): mail first, phone afterwards, and nobody learns who has one."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from comity.core.ids import PERSONAL_REALM, UserId, new_id
from comity.core.outbound import Outbound
from comity.core.settings import Secret, Settings
from comity.db.crossings.sign_in import find_personal_accounts
from comity.identity.registration.service import LIFETIME, MAILS_PER_ADDRESS_MAX, PHONE_TRIES_MAX
from comity.identity.registration.texts import Text, TextUnsent, WebhookTexter
from comity.jobs.mail.handlers import offered
from comity.jobs.mail.outbox import FileOutbox
from comity.jobs.mail.service import MAIL
from comity.jobs.model import Order, Task
from tests.support.receiver import receiving
from tests.web.browser import Browser
from tests.web.client import Web

PASSWORD = "correct horse"


class Post:
    """The mails that wait, brought to a directory as the worker does."""

    def __init__(self, web: Web, directory: Path) -> None:
        self.web = web
        self.directory = directory

    async def deliver(self) -> list[email.message.EmailMessage]:
        """Send what is due; all mails so far, the oldest first."""
        db = self.web.identity.db
        work = offered(db, FileOutbox(self.directory), address="comity@lab.example")
        async with db.tenant(PERSONAL_REALM) as tx:
            due = await tx.rows("select key from due_list('mail') where tenant_id = %(tenant_id)s")
        for (key,) in due:
            await work.handler(Task(Order(MAIL, PERSONAL_REALM, key), run=new_id(), attempt=1, cause=None))
        files = sorted(self.directory.glob("*.eml")) if self.directory.exists() else []
        return [email.message_from_bytes(each.read_bytes(), policy=email.policy.default) for each in files]


@pytest.fixture
def post(web: Web, tmp_path: Path) -> Post:
    return Post(web, tmp_path / "post")


def new_mail() -> str:
    return f"dana.{new_id().hex[-12:]}@personal.example"


async def fill_in(browser: Browser, mail: str, **changes: str) -> str:
    await browser.open("/register")
    values = {"mail": mail, "display_name": "Dana", "password": PASSWORD, "again": PASSWORD, **changes}
    return (await browser.send(values)).text


async def link_for(post: Post, mail: str) -> str:
    mails = [each for each in await post.deliver() if each["To"] == mail]
    found = re.search(r"http://lab\.example:8080(/register/\S+)", mails[-1].get_content())
    assert found is not None
    return found[1]


async def test_a_personal_account_comes_with_the_confirmation_of_its_mail_address(
    web: Web, browser: Browser, post: Post
):
    mail = new_mail()
    assert mail in await fill_in(browser, mail)
    async with web.identity.db.tenant(PERSONAL_REALM) as tx:
        assert await find_personal_accounts(tx, mail) == [], "not before"
    link = await link_for(post, mail)

    await browser.open(link)
    await browser.open(link)
    page = await browser.send()

    assert str(browser.at) == "/account"
    assert mail in page.text
    async with web.identity.db.tenant(PERSONAL_REALM) as tx:
        (found,) = await find_personal_accounts(tx, mail)
        assert (found.display_name, found.user_principal_name) == ("Dana", mail)
    assert (await browser.open(link)).status_code == 200
    assert (await browser.send()).status_code == 400, "once"


async def test_the_page_says_the_same_to_whoever_tries_an_address_that_has_an_account(
    web: Web, browser: Browser, post: Post
):
    """The owner learns it by mail; whoever fishes learns nothing."""
    dana = await web.identity.add_personal("dana", password=PASSWORD)
    nobody = new_mail()

    there = await fill_in(browser, str(dana.mail))
    not_there = await fill_in(browser, nobody)

    def neutral(text: str, mail: str) -> str:
        return re.sub(r'value="[^"]*"', "", text.replace(mail, "X"))

    assert neutral(there, str(dana.mail)) == neutral(not_there, nobody)
    mails = {each["To"]: each.get_content() for each in await post.deliver()}
    assert "/register/" not in mails[dana.mail]
    assert "/register/" in mails[nobody]


async def test_a_link_ends_after_a_day(web: Web, browser: Browser, post: Post):
    mail = new_mail()
    await fill_in(browser, mail)
    link = await link_for(post, mail)
    web.identity.machine.offset = LIFETIME

    await browser.open(link)
    assert (await browser.send()).status_code == 400


async def test_the_second_of_two_links_of_one_address_makes_no_second_account(browser: Browser, post: Post):
    mail = new_mail()
    await fill_in(browser, mail)
    first = await link_for(post, mail)
    await fill_in(browser, mail)
    second = await link_for(post, mail)
    assert first != second

    await browser.open(first)
    await browser.send()
    await browser.open(second)
    assert (await browser.send()).status_code == 400


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mail": "dana"}, "dana"),
        ({"display_name": " "}, "name"),
        ({"password": "short", "again": "short"}, "8"),
        ({"again": "another horse"}, "twice"),
    ],
)
async def test_what_is_wrong_is_said_on_the_page(browser: Browser, change: dict[str, str], said: str):
    text = await fill_in(browser, **{"mail": new_mail(), **change})

    assert browser.page is not None
    assert browser.page.status_code == 400
    assert said in text


async def test_nobodys_mailbox_is_filled_by_strangers(browser: Browser, post: Post):
    """Three mails an hour for one address, whoever asks; the page says the same."""
    mail = new_mail()
    for _ in range(MAILS_PER_ADDRESS_MAX + 2):
        assert mail in await fill_in(browser, mail)

    assert len([each for each in await post.deliver() if each["To"] == mail]) == MAILS_PER_ADDRESS_MAX


async def signed_in(web: Web, browser: Browser) -> UserId:
    dana = await web.identity.add_personal("dana", password=PASSWORD)
    await browser.open("/signin")
    await browser.send({"name": dana.mail})
    await browser.send({"password": PASSWORD})
    return dana.id


def codes(settings: Settings) -> list[str]:
    files = sorted((settings.outbox_path / "texts").glob("*.json"))
    return [re.findall(r"\d{6}", msgspec.json.decode(each.read_bytes())["text"])[0] for each in files]


async def test_a_phone_number_leads_to_an_account_once_its_owner_has_confirmed_it(
    web: Web, browser: Browser, settings: Settings
):
    """By a code that only the phone gets; then she is found by it, and signs in with it (mission M15)."""
    dana = await signed_in(web, browser)
    phone = f"+49151{new_id().int % 10**8:08d}"

    await browser.open("/account/phone")
    page = await browser.send({"phone": f"{phone[:3]} {phone[3:]}"})
    assert phone in page.text
    async with web.identity.db.tenant(PERSONAL_REALM) as tx:
        assert await find_personal_accounts(tx, phone) == []
    await browser.send({"code": codes(settings)[-1]})

    async with web.identity.db.tenant(PERSONAL_REALM) as tx:
        assert [each.id for each in await find_personal_accounts(tx, phone)] == [dana]


async def test_a_phone_code_is_not_tried_out(web: Web, browser: Browser, settings: Settings):
    """A few tries, and ten minutes."""
    await signed_in(web, browser)
    phone = f"+49151{new_id().int % 10**8:08d}"
    await browser.open("/account/phone")
    await browser.send({"phone": phone})
    right = codes(settings)[-1]
    wrong = f"{(int(right) + 1) % 10**6:06d}"

    for _ in range(PHONE_TRIES_MAX):
        assert (await browser.send({"code": wrong})).status_code == 400
    assert (await browser.send({"code": right})).status_code == 400
    await browser.open("/account/phone")
    await browser.send({"phone": phone})
    web.identity.machine.offset = timedelta(minutes=10)
    assert (await browser.send({"code": codes(settings)[-1]})).status_code == 400
    await browser.open("/account/phone")
    assert (await browser.send({"phone": "12"})).status_code == 400


async def test_text_messages_go_to_the_operators_webhook():
    """As documented: `to` and `text`, with the token; what it refuses is an error."""
    text = Text("+4930901820", "registration-text", {"code": "123456"}, "de")
    async with receiving() as receiver:
        texter = WebhookTexter(Outbound(loopback=True), receiver.url, Secret("s3cret"))
        await texter.send(text)
        (call,) = receiver.received
        receiver.answering = lambda _: (500, "text/plain", b"")
        with pytest.raises(TextUnsent):
            await texter.send(text)

    assert call.json() == {"to": "+4930901820", "text": text.words}
    assert call.headers["authorization"] == "Bearer s3cret"
    assert "123456" in text.words
