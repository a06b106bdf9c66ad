"""Ask why, as an admin of one of the sides."""

from __future__ import annotations

from comity.access.errors import not_authorized
from comity.access.evidence import Instead, load_evidence
from comity.access.explanation.decide import could_not_evaluate, explain
from comity.access.explanation.model import Explanation
from comity.access.model import AddressedBy, Person, Purpose
from comity.access.service import administers
from comity.core.caller import Caller, PrincipalKind
from comity.core.permissions import Permission
from comity.db.transaction import Transaction


async def explain_pair(
    tx: Transaction,
    caller: Caller,
    *,
    actor: Person,
    target: Person,
    purpose: Purpose = Purpose.START,
    by: AddressedBy = AddressedBy.EMAIL,
    instead: Instead | None = None,
) -> Explanation:
    """Why may the actor talk to the target, or not? Read from the state as it is now; nothing is stored.

    Settings of a side that the caller does not administer are masked.

    Raises:
        NotAuthorized: the caller administers external access on neither side.
    """
    if not administers(caller, actor, target):
        raise not_authorized(Permission.EXTERNAL_ACCESS_READ)
    evidence = await load_evidence(tx, (actor, target), instead=instead)
    unknown = evidence.elsewhere & {actor, target}
    if unknown:
        return could_not_evaluate(actor_known=actor not in unknown, target_known=target not in unknown)
    explanation = explain(
        evidence.people[actor],
        evidence.people[target],
        purpose,
        by=by,
        consumer_available=evidence.consumer_available,
    )
    if caller.kind in (PrincipalKind.OPERATOR, PrincipalKind.SYSTEM):
        return explanation
    return explanation.masked_but(caller.tenant_id)
