"""Lists of chats and messages: order, unread, cards; and what may stand in a message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.access.model import Person
from comity.chat import service
from comity.chat.body import BODY_BYTES_MAX, checked_body, clean_html
from comity.chat.decide import one_on_one_id
from comity.chat.model import Body, BodyType, MessageEmpty, MessageTextInvalid, MessageTooLarge
from comity.core.ids import TenantId, UserId, new_id


async def test_the_newest_conversation_comes_first(annie, alan, bob):
    """By its newest message, whoever wrote it."""
    first = (await annie.start(bob, "hello")).chat
    second = (await annie.start(alan, "hello")).chat
    assert [each.chat.id for each in await annie.chats()] == [second.id, first.id]

    await annie.post(first.id, "again")

    views = await annie.chats()
    assert [each.chat.id for each in views] == [first.id, second.id]
    assert views[0].last_message is not None
    assert views[0].last_message.body.content == "again"


async def test_unread_counts_what_others_wrote_since(annie, alan):
    """Own messages are never unread; the marker only moves forward (chat §3.7)."""
    chat = (await annie.start(alan, "1")).chat
    await annie.post(chat.id, "2")
    await alan.post(chat.id, "3")
    assert [(await each.chat(chat.id)).unread for each in (annie, alan)] == [1, 2]

    for through, unread in ((1, 1), (99, 0), (0, 0)):
        async with alan.transaction() as tx:
            await service.mark_read(tx, alan.caller, chat.id, through=through)
        assert (await alan.chat(chat.id)).unread == unread
    await annie.post(chat.id, "4")

    assert [(await each.chat(chat.id)).unread for each in (annie, alan)] == [1, 1]


async def test_messages_come_in_pages_behind_a_change(annie, alan):
    """A client resumes from its own n (design §4.8)."""
    chat = (await annie.start(alan, "1")).chat
    for text in ("2", "3", "4"):
        await annie.post(chat.id, text)

    page = await alan.messages(chat.id, after=1, at_most=2)

    assert [(each.id, each.changed, each.body.content) for each in page] == [(2, 2, "2"), (3, 3, "3")]


async def test_members_know_each_others_name_address_and_home(contoso, fabrikam, annie, bob, dana):
    """Names across the border, nothing more; a personal account has no organization (external-access §10)."""
    work = (await annie.start(bob, "hello")).chat
    personal = (await annie.start(dana, "hello")).chat

    seen = {card.display_name: card.tenant_name for card in (await bob.chat(work.id)).cards}
    dana_sees = {card.display_name: card.tenant_name for card in (await dana.chat(personal.id)).cards}

    assert seen == {"Annie": contoso.tenant.name, "Bob": fabrikam.tenant.name}
    assert dana_sees == {"Annie": contoso.tenant.name, "Dana": None}


async def test_the_times_are_the_business_clocks(annie, alan, clock):
    """A lab that moves its clock dates messages with it (design §4.10)."""
    clock.offset = timedelta(days=400)
    message = (await annie.start(alan, "hello")).message

    assert message is not None
    assert message.created_at - clock.machine.now() > timedelta(days=399)


def test_the_id_of_a_chat_does_not_depend_on_who_begins(annie_and_bob):
    """It is derived from both home identities, and from nothing else."""
    one, other = annie_and_bob

    assert one_on_one_id(one, other) == one_on_one_id(other, one)
    assert one_on_one_id(one, other) != one_on_one_id(one, one)


@pytest.fixture
def annie_and_bob():
    return Person(TenantId(new_id()), UserId(new_id())), Person(TenantId(new_id()), UserId(new_id()))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
        ("<script>alert(1)</script>hi", "hi"),
        ("<p onclick=x()>hi</p>", "<p>hi</p>"),
        ('<p style="color:red" class="x">hi</p>', "<p>hi</p>"),
        ("<video>film</video>", "film"),
        ('<img src="https://evil.example/x.png" onerror="x()">hi', "hi"),
        ('<a href="javascript:x()">hi</a>', '<a rel="noopener noreferrer">hi</a>'),
        ('<a href="https://a.example/?b=1&amp;c">hi</a>',
         '<a href="https://a.example/?b=1&amp;c" rel="noopener noreferrer">hi</a>'),
        ('<a href="/relative">hi</a>', '<a rel="noopener noreferrer">hi</a>'),
        ('<a href="mailto:a@b.example">hi</a>', '<a href="mailto:a@b.example" rel="noopener noreferrer">hi</a>'),
        ("<!-- a --><p>1 &lt; 2 &amp; 3&nbsp;4</p>", "<p>1 &lt; 2 &amp; 3&nbsp;4</p>"),
        ("<p>a<br>b<hr></p>", "<p>a<br>b</p><hr><p></p>"),
        ("<b" * 3, ""),
        # Foreign markup goes with its content: what is text in it and what is not, browsers disagree on.
        ('<svg><a xlink:href="javascript:x()">hi</a></svg>!', "!"),
    ],
)  # fmt: skip
def test_html_keeps_what_is_listed_and_the_text_of_the_rest(given, stored):
    """Everything else is dropped: style, script, events, foreign images (chat §2.4)."""
    assert clean_html(given).replace("\xa0", "&nbsp;") == stored


def test_nesting_ends_at_twenty():
    """What lies deeper keeps its text and its order (chat §2.4)."""
    cleaned = clean_html("<b>" * 30 + "deep" + "</b>" * 30 + "after")

    assert cleaned == "<b>" * 20 + "deep" + "</b>" * 20 + "after"


def test_a_body_is_limited_in_stored_bytes():
    """28,672 bytes of UTF-8: the limit itself fits, one more does not (chat §2.1)."""
    assert checked_body(Body(BodyType.TEXT, "ü" * (BODY_BYTES_MAX // 2))).content
    with pytest.raises(MessageTooLarge):
        checked_body(Body(BodyType.TEXT, "ü" * (BODY_BYTES_MAX // 2) + "x"))
    assert checked_body(Body(BodyType.HTML, "x" + "<u2></u2>" * 10_000)).content == "x"
    with pytest.raises(MessageTooLarge):
        checked_body(Body(BodyType.HTML, "<u2></u2>" * 100_000))


@pytest.mark.parametrize("text", ["", "  \n", "<script>x</script>", "<p> </p>"])
def test_a_message_says_something(text):
    """An empty one is no message."""
    with pytest.raises(MessageEmpty):
        checked_body(Body(BodyType.HTML, text))


def test_an_emoji_or_a_mention_is_something():
    """Though it has no text of its own."""
    assert checked_body(Body(BodyType.HTML, '<span data-emoji="wave"></span>')).content


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_cannot_be_stored_is_refused(text):
    """A clear error instead of one from the database."""
    for kind in BodyType:
        with pytest.raises(MessageTextInvalid):
            checked_body(Body(kind, text))


def test_plain_text_stays_as_it_was_typed():
    """It is escaped on the way out, not changed on the way in."""
    assert checked_body(Body(BodyType.TEXT, "1 < 2 <b>")).content == "1 < 2 <b>"
