"""The life of a send (design §4.8): locks, counter, decision, message; nothing per member.

    1. the shared access locks of everybody's side
    2. the chat's counter row
    3. a retry is the same message, whatever the rules say by now
    4. first contact, then external access, on what is read after the locks
    5. the message is the chat's next change

Whoever drains many sends at once takes all locks of step 1 first, then counters in chat order, and
runs the rest for each on its own.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from comity.access import locks
from comity.access import service as access
from comity.access.decide import as_seen_by_actor
from comity.access.errors import refusal
from comity.access.model import BURST_MAX, Person, Purpose
from comity.access.permits import Permit
from comity.chat import store
from comity.chat.decide import decide_post
from comity.chat.model import Body, Chat, Message
from comity.core.caller import Caller
from comity.db.transaction import Transaction


async def send(tx: Transaction, caller: Caller, chat: Chat, sender: Person, body: Body, *, client_id: UUID) -> Message:
    """Store a message in a 1:1, or return the one that this is a retry of.

    Raises:
        AccessRefused: first contact or external access refuses; carries what the sender may know.
    """
    await locks.hold_shared(tx, [each.person for each in chat.members])
    await store.lock_chat(tx, chat.id)
    if earlier := await store.find_retry(tx, chat.id, sender, client_id):
        return earlier
    await check_request(tx, chat, sender)
    (other,) = chat.others(sender)
    permit = await access.permit(tx, caller, actor=sender, target=other.person, purpose=Purpose.SEND)
    return await write(tx, permit, chat, body, client_id=client_id)


async def check_request(tx: Transaction, chat: Chat, sender: Person) -> None:
    """Refuse if first contact does; the members are read again, now that nobody can answer meanwhile.

    Raises:
        AccessRefused.
    """
    members = (await store.load_members(tx, [chat.id])).get(chat.id, ())
    sent = await store.count_sent(tx, chat.id, sender, at_most=BURST_MAX)
    if refused := decide_post(replace(chat, members=members), sender, sent=sent):
        raise refusal(as_seen_by_actor(refused, sender.tenant_id))


async def write(tx: Transaction, permit: Permit, chat: Chat, body: Body, *, client_id: UUID) -> Message:
    """Store a permitted message as the next change of a locked chat. Starting a chat includes its first message.

    Raises:
        PermitMissing.
    """
    (other,) = chat.others(permit.actor)
    purpose = permit.purpose if permit.purpose is Purpose.START else Purpose.SEND
    permit.check(tx, actor=permit.actor, target=other.person, purpose=purpose)
    return await store.add_message(tx, chat.id, permit.actor, body, client_id=client_id, at=tx.now)
