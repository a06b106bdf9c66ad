"""Where people are provisioned to: a port, with tenants of this installation as its first implementation.

The engine hands over a page and gets back what was applied; it never sees a row of the target.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Container, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from comity.core.folding import address_key
from comity.core.ids import CauseId, JobId, PlanId, TenantId, UserId
from comity.db.bulk import bulk
from comity.db.crossings.cycle import as_target
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text, text_array
from comity.directory.model import Attribute
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners.kept import load_kept
from comity.partners.model import NOTHING_KEPT, InboundHalf, KeptBack
from comity.partners.service import load_inbound_half
from comity.sync import plan_store
from comity.sync.groups.model import SourceGroup
from comity.sync.groups.target import pass_group
from comity.sync.model import CARRIED, Action, Actions, Person, Present, Reason, Receipt, Skip, Step
from comity.sync.newcomers import store as newcomers
from comity.sync.newcomers.model import Arrival, Candidate, Met
from comity.sync.staging import STAGED_SYNC, as_texts, changed_values, sync_rows

Q: Final = Queries("comity.sync")
NO_MAILS: Final[Mapping[UserId, str]] = {}
_RECEIPTS_PAGE: Final = 5000
_KINDS: Final = {
    Action.CREATE: ChangeKind.USER_CREATED,
    Action.UPDATE: ChangeKind.USER_UPDATED,
    Action.ADOPT: ChangeKind.USER_UPDATED,
    Action.DELETE: ChangeKind.USER_DELETED,
    Action.RESTORE: ChangeKind.USER_RESTORED,
    Action.UNLINK: ChangeKind.USER_UPDATED,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in the target for a page: by home user id; names that others bear, and who; mails that are taken."""

    present: Mapping[UserId, Present]
    taken: Mapping[str, UserId]
    claimed: Mapping[UserId, Reason]
    kept: KeptBack = NOTHING_KEPT
    """What of these people the target has said is its own."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Numbered steps of one page, to be applied together or not at all."""

    plan_id: PlanId
    job_id: JobId
    steps: Sequence[tuple[int, Step]]
    causes: Mapping[UserId, CauseId]


class Visit(Protocol):
    """One transaction in the target."""

    async def inbound(self) -> InboundHalf | None:
        """What the target declares toward the source."""
        ...

    async def look(
        self, people: Sequence[Person], upns: Mapping[UserId, str], mails: Mapping[UserId, str] = NO_MAILS
    ) -> Seen:
        """Who stands there for these people; `upns` are the names they would bear, `mails` those of whom may come."""
        ...

    async def apply(self, batch: Batch) -> list[Receipt]:
        """Apply what is still true; one receipt per applied step, steps whose guard failed have none."""
        ...

    async def meet(self, candidates: Sequence[Candidate]) -> Met:
        """What of these newcomers stands there already."""
        ...

    async def admit(self, arrival: Arrival) -> None:
        """Make accounts for newcomers, with their receipts."""
        ...

    async def receipts(self, plan_id: PlanId, *, after: int) -> list[Receipt]:
        """What a plan applied, in order behind step `after`."""
        ...

    async def undo(self, batch: Batch) -> list[Receipt]:
        """Put accounts back where nobody has written since; one receipt per step that was."""
        ...

    async def receipts_of_run(
        self, plans: Sequence[PlanId], cause: CauseId, *, after: tuple[PlanId, int] | None
    ) -> list[Receipt]:
        """What a run did, in order behind `after`; a run writes in the plans that it names."""
        ...

    async def histories(
        self, plans: Sequence[PlanId], cause: CauseId, accounts: Collection[UserId]
    ) -> dict[UserId, list[Receipt]]:
        """What a run did to each of these accounts, in order."""
        ...

    async def accounts(self, ids: Collection[UserId]) -> dict[UserId, Present]:
        """Accounts by their own ids, soft-deleted ones included."""
        ...

    async def names_taken(self, keys: Mapping[str, UserId]) -> set[UserId]:
        """Whose folded names are borne by somebody else who lives; `keys` are names of accounts."""
        ...

    async def last_writers(self, accounts: Collection[UserId]) -> dict[UserId, tuple[str, datetime]]:
        """Who last changed these accounts by hand there, and when."""
        ...

    async def pass_group(
        self,
        group: SourceGroup,
        wanted: Collection[UserId],
        actions: Actions,
        *,
        withheld: Reason | None,
        plan_id: PlanId,
        job_id: JobId,
        cause: CauseId,
        take_number: Callable[[], int],
    ) -> Receipt | Skip | None:
        """Bring one group in line; `wanted` are its members' ids there, `withheld` why it is not to be taken away."""
        ...


class Target(Protocol):
    """A tenant that accepts people from a source."""

    @property
    def admits_text(self) -> bool:
        """Does a visit take newcomers as COPY text (`meet`, `admit`)?"""
        ...

    def visit(self, *, flushed: bool, cause: CauseId | None = None) -> AbstractAsyncContextManager[Visit]:
        """Open a transaction there; committed at its end.

        Raises:
            InboundSyncOff: the target does not let the source's people in.
        """
        ...


class LocalTarget:
    """A tenant of this installation."""

    admits_text: Final = True

    def __init__(self, db: Database, *, source: TenantId, target: TenantId) -> None:
        self._db = db
        self._source = source
        self._target = target

    @asynccontextmanager
    async def visit(self, *, flushed: bool, cause: CauseId | None = None) -> AsyncIterator[Visit]:
        """Open a transaction as the target."""
        async with as_target(self._db, source=self._source, target=self._target, flushed=flushed, cause=cause) as tx:
            yield LocalVisit(tx, self._source)


class LocalVisit:
    """One transaction as the target tenant."""

    def __init__(self, tx: Transaction, source: TenantId) -> None:
        self._tx = tx
        self._source = source

    async def inbound(self) -> InboundHalf | None:
        """What the target declares toward the source."""
        return await load_inbound_half(self._tx, self._source)

    async def look(
        self, people: Sequence[Person], upns: Mapping[UserId, str], mails: Mapping[UserId, str] = NO_MAILS
    ) -> Seen:
        """Three statements, and one more for guests whose home was not known, whatever the number of people."""
        ids = array_text(person.id for person in people)
        present: dict[UserId, Present] = {
            row.home_user_id: row
            for row in await self._tx.all(Present, Q.present, source=self._source, ids=ids)
            if row.home_user_id is not None
        }
        wanted = {
            address_key(upn): source_id
            for source_id, upn in upns.items()
            if source_id not in present or present[source_id].user_principal_name != upn
        }
        taken: dict[str, UserId] = {}
        if wanted:
            for *row, home_unknown, upn_key in await self._tx.rows(Q.present_by_upn, keys=text_array(list(wanted))):
                found = Present(*row)
                source_id = wanted[upn_key]
                if home_unknown and source_id not in present:
                    present[source_id] = found
                elif source_id not in present or present[source_id].id != found.id:
                    taken[upn_key] = found.id
        claimed = await self._look_by_mail(present, {each: mails[each] for each in mails if each not in present})
        kept = await load_kept(self._tx, self._source, ids)
        return Seen(present, taken, claimed, kept or NOTHING_KEPT)

    async def _look_by_mail(self, present: dict[UserId, Present], mails: Mapping[UserId, str]) -> dict[UserId, Reason]:
        """Find invited guests by the mail that they were invited by, and mails that somebody else has (§5.1, D-13)."""
        claimed: dict[UserId, Reason] = {}
        wanted: dict[str, UserId] = {}
        for source_id, mail in mails.items():
            if wanted.setdefault(address_key(mail), source_id) != source_id:
                claimed[source_id] = Reason.DUPLICATE_SOURCE
        if not wanted:
            return claimed
        guests: dict[UserId, UserId] = {}
        standing = {each.id for each in present.values()}
        for account_id, key, is_own, is_pending, of_source in await self._tx.rows(
            Q.accounts_by_mail, keys=text_array(list(wanted)), source=self._source
        ):
            if is_own:
                claimed[wanted[key]] = Reason.AMBIGUOUS
            elif is_pending and account_id not in standing:
                guests[account_id] = wanted[key]
            elif is_pending or of_source:
                claimed.setdefault(wanted[key], Reason.DUPLICATE_SOURCE)
        if guests:
            for found in sorted(await self._tx.all(Present, Q.present_by_id, ids=array_text(guests))):
                present.setdefault(guests[found.id], found)
        return claimed

    async def apply(self, batch: Batch) -> list[Receipt]:
        """Five statements at most, then the feed's."""
        tx = self._tx
        actions = {step.action for _, step in batch.steps}
        await bulk(tx, STAGED_SYNC, sync_rows(batch.steps, batch.causes))
        applied: set[UserId] = set()
        if Action.DELETE in actions:
            applied.update(await self._ids(Q.delete_staged))
        if actions & {Action.UPDATE, Action.ADOPT, Action.RESTORE}:
            applied.update(await self._ids(Q.update_staged))
        if any(step.action is Action.ADOPT and not step.changed for _, step in batch.steps):
            applied.update(await self._ids(Q.confirm_staged))
        if Action.CREATE in actions:
            applied.update(await self._ids(Q.create_staged))
        return await self._prove(batch, applied)

    async def meet(self, candidates: Sequence[Candidate]) -> Met:
        """One statement for any number of people."""
        return await newcomers.meet(self._tx, self._source, candidates)

    async def admit(self, arrival: Arrival) -> None:
        """Three statements, then the feed's."""
        await newcomers.admit(self._tx, self._source, arrival)

    async def undo(self, batch: Batch) -> list[Receipt]:
        """Three statements at most, then the feed's."""
        tx = self._tx
        await bulk(tx, STAGED_SYNC, sync_rows(batch.steps, batch.causes))
        rows = await tx.rows(
            Q.undo_staged,
            source=self._source, at=tx.now, home=Attribute.HOME_IDENTITY.bit,
            invitation=Attribute.EXTERNAL_USER_STATE.bit,
        )  # fmt: skip
        applied = {UserId(row[0]) for row in rows}
        if any(not step.changed for _, step in batch.steps):
            applied.update(await self._ids(Q.undo_confirm_staged))
        return await self._prove(batch, applied)

    async def _prove(self, batch: Batch, applied: Container[UserId]) -> list[Receipt]:
        """Write a receipt for each step that was applied, and tell the feed."""
        tx = self._tx
        left_out = [number for number, step in batch.steps if step.target_id not in applied]
        done = [(number, step) for number, step in batch.steps if step.target_id in applied]
        if not done:
            return []
        await tx.execute(
            Q.receipts_staged,
            plan_id=batch.plan_id, job_id=batch.job_id, source=self._source, left_out=left_out, at=tx.now,
        )  # fmt: skip
        append(
            tx,
            [
                Change(
                    _KINDS[step.action],
                    step.target_id,
                    changed=step.changed,
                    external=True,
                    cause=batch.causes[step.source_id],
                )
                for _, step in done
                if step.changed
            ],
        )
        return [_receipt(batch, number, step) for number, step in done]

    async def receipts(self, plan_id: PlanId, *, after: int) -> list[Receipt]:
        """One page of what a plan applied."""
        found = await self._tx.all(Receipt, Q.receipts_of_plan, plan_id=plan_id, after=after, at_most=_RECEIPTS_PAGE)
        return [each._replace(action=Action(each.action)) for each in found]

    async def pass_group(
        self,
        group: SourceGroup,
        wanted: Collection[UserId],
        actions: Actions,
        *,
        withheld: Reason | None,
        plan_id: PlanId,
        job_id: JobId,
        cause: CauseId,
        take_number: Callable[[], int],
    ) -> Receipt | Skip | None:
        """Decided and applied in this transaction, so that the members are those that were seen."""
        return await pass_group(
            self._tx,
            self._source,
            group,
            wanted,
            actions,
            withheld=withheld,
            plan_id=plan_id,
            job_id=job_id,
            cause=cause,
            take_number=take_number,
        )

    async def receipts_of_run(
        self, plans: Sequence[PlanId], cause: CauseId, *, after: tuple[PlanId, int] | None
    ) -> list[Receipt]:
        """One page of what a run did."""
        after_plan, after_step = after or (UUID(int=0), 0)
        found = await self._tx.all(
            Receipt, Q.receipts_of_run,
            plans=array_text(plans), cause=cause, after_plan=after_plan, after_step=after_step, at_most=_RECEIPTS_PAGE,
        )  # fmt: skip
        return [each._replace(action=Action(each.action)) for each in found]

    async def histories(
        self, plans: Sequence[PlanId], cause: CauseId, accounts: Collection[UserId]
    ) -> dict[UserId, list[Receipt]]:
        """What a run did to each of these accounts, in order."""
        histories: dict[UserId, list[Receipt]] = {}
        for each in await self._tx.all(
            Receipt, Q.receipts_of_run_on, plans=array_text(plans), cause=cause, ids=array_text(accounts)
        ):
            histories.setdefault(each.target_id, []).append(each._replace(action=Action(each.action)))
        return histories

    async def accounts(self, ids: Collection[UserId]) -> dict[UserId, Present]:
        """Accounts by their own ids, soft-deleted ones included."""
        return await load_accounts(self._tx, ids)

    async def names_taken(self, keys: Mapping[str, UserId]) -> set[UserId]:
        """Whose folded names are borne by somebody else who lives; `keys` are names of accounts."""
        if not keys:
            return set()
        rows = await self._tx.rows(Q.present_by_upn, keys=text_array(list(keys)))
        return {keys[row[-1]] for row in rows if row[0] != keys[row[-1]]}

    async def last_writers(self, accounts: Collection[UserId]) -> dict[UserId, tuple[str, datetime]]:
        """From the target's audit."""
        return await plan_store.load_last_writers(self._tx, accounts)

    async def _ids(self, query: Any) -> list[UserId]:
        return [row[0] for row in await self._tx.rows(query, source=self._source, at=self._tx.now)]


async def load_accounts(tx: Transaction, ids: Collection[UserId]) -> dict[UserId, Present]:
    """Accounts of the transaction's tenant by their own ids, soft-deleted ones included."""
    return {each.id: each for each in await tx.all(Present, Q.present_by_id, ids=array_text(ids))}


_ALL_PLACES: Final = range(len(CARRIED))


def _receipt(batch: Batch, number: int, step: Step) -> Receipt:
    before, after = changed_values(step)
    return Receipt(
        batch.plan_id, number, batch.job_id, step.source_id, step.target_id, step.action, step.changed, before,
        as_texts(step.wanted, _ALL_PLACES) if after is None else after,
        step.target_version + (1 if step.changed else 0), batch.causes[step.source_id],
    )  # fmt: skip
