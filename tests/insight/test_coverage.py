"""Who is findable where, why not, and what mends it (mission M30; people-search §8)."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from comity.access import service as access
from comity.access.model import Rule
from comity.core.caller import Caller, UserType
from comity.core.errors import PermissionMissing
from comity.core.permissions import Permission
from comity.directory.model import User
from comity.directory.service import delete_users
from comity.directory.store import find_by_home
from comity.insight.coverage.model import Coverage, Reason, Represented, Why
from comity.insight.coverage.service import cover, matrix
from comity.insight.coverage.why import why_not_found
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.service import Principals
from tests.support.drains import accept
from tests.support.organizations import add, form, unite
from tests.support.personal import make_personal
from tests.support.world import Org


async def report(org: Org, caller: Caller | None = None, **more: Any) -> Coverage:
    async with org.db.tenant(org.id) as tx:
        return await cover(tx, caller or org.operator, **more)


async def share(source: Org, target: Org, *people: User, accepted: bool = True, drained: bool = True) -> None:
    async with source.db.tenant(source.id) as tx:
        await sync.share_with(tx, source.operator, Principals([each.id for each in people]), target.id)
    if accepted:
        await accept(target, people_of=source)
    if drained:
        await drain(source.db, source.id)


async def account(org: Org, home: User) -> User:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found


def missing(found: Coverage) -> dict[Reason, tuple[int, list[str]]]:
    (pair,) = found.pairs
    return {reason: (gap.people, [each.display_name for each in gap.named]) for reason, gap in pair.gaps.items()}


def command(found: Coverage, reason: Reason) -> list[str]:
    (pair,) = found.pairs
    fix = pair.gaps[reason].mend
    assert fix is not None
    assert shlex.split(fix.line) == list(fix.command)
    return list(fix.command)


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("annie")


async def test_before_sharing_everybody_is_missing_and_the_share_is_written_out(contoso, fabrikam, annie):
    """A tenant that shares nobody is asked about all its members; the report ends in a command."""
    await unite(contoso, fabrikam)
    anton = await contoso.add_person("anton")
    await contoso.add_person("off", account_enabled=False)
    await contoso.add_person("guest", user_type=UserType.GUEST)

    found = await report(contoso, names={fabrikam.id: "Fabrikam Ltd"})

    assert found.people == 2
    assert missing(found) == {Reason.NOT_SHARED: (2, ["Annie", "Anton"])}
    assert command(found, Reason.NOT_SHARED) == [
        "comity", "share", annie.user_principal_name, anton.user_principal_name, "--tenant", contoso.tenant.name,
        "--to", "Fabrikam Ltd",
    ]  # fmt: skip


async def test_the_collaborating_set_is_whoever_is_shared(contoso, fabrikam, tailspin, annie):
    """Sharing a subset is a choice (M36): the others are no gap, unless one asks about everybody."""
    await unite(contoso, fabrikam, tailspin)
    await contoso.add_person("anton")
    await share(contoso, fabrikam, annie)

    found = await report(contoso)
    everybody = await report(contoso, everybody=True)

    assert (found.people, everybody.people) == (1, 2)
    there, nowhere = sorted(found.pairs, key=lambda pair: -pair.found)
    assert (there.target_id, there.found, there.unified, there.gaps) == (fabrikam.id, 1, 1, {})
    assert (nowhere.target_id, nowhere.found, set(nowhere.gaps)) == (tailspin.id, 0, {Reason.NOT_SHARED})


async def test_each_reason_has_its_name_and_its_remedy(contoso, fabrikam, annie):
    """Not accepted, lagging, stopped, deleted, disabled, hidden, guest: the first thing that has to change."""
    await unite(contoso, fabrikam)
    await share(contoso, fabrikam, annie, accepted=False, drained=False)
    assert missing(await report(contoso)) == {Reason.NOT_ACCEPTED: (1, ["Annie"])}
    assert command(await report(contoso), Reason.NOT_ACCEPTED)[:2] == ["comity", "accept"]

    await accept(fabrikam, people_of=contoso)
    assert missing(await report(contoso)) == {Reason.LAGGING: (1, ["Annie"])}
    assert command(await report(contoso), Reason.LAGGING)[1:3] == ["sync", "run"]
    async with contoso.db.tenant(contoso.id) as tx:
        await tx.execute("update sync_job set state = 'Paused' where tenant_id = %(tenant_id)s")
    assert command(await report(contoso), Reason.STOPPED)[1:3] == ["sync", "start"]
    async with contoso.db.tenant(contoso.id) as tx:
        await tx.execute("update sync_job set state = 'Active' where tenant_id = %(tenant_id)s")

    await drain(contoso.db, contoso.id)
    there = await account(fabrikam, annie)
    assert missing(await report(contoso)) == {}
    for change, reason, verb in (
        ({"account_enabled": False}, Reason.DISABLED, "accountEnabled=true"),
        ({"show_in_address_list": False}, Reason.HIDDEN, "showInAddressList=true"),
        ({"user_type": UserType.GUEST}, Reason.GUEST, "--user-type"),
    ):
        async with fabrikam.db.tenant(fabrikam.id) as tx:
            await tx.execute(
                """update users set account_enabled = %(account_enabled)s, user_type = %(user_type)s,
                     show_in_address_list = %(show_in_address_list)s
                   where tenant_id = %(tenant_id)s and id = %(id)s""",
                id=there.id, **{"account_enabled": True, "user_type": "Member", "show_in_address_list": True, **change},
            )  # fmt: skip
        assert list(missing(await report(contoso))) == [reason]
        assert {verb, str(there.id)} <= set(command(await report(contoso), reason))

    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await delete_users(tx, fabrikam.operator, [there.id])
    assert command(await report(contoso), Reason.DELETED)[1:3] == ["user", "restore"]


async def test_a_pending_tenant_and_none_at_all_say_who_has_to_join(contoso, fabrikam, annie):
    """Found as an external; the line is the other admin's."""
    await share(contoso, fabrikam, annie)
    alone = await report(contoso)
    assert missing(alone) == {Reason.NO_ORGANIZATION: (1, ["Annie"])}
    assert command(alone, Reason.NO_ORGANIZATION)[1:3] == ["mto", "invite"]

    await form(contoso)
    await add(contoso, fabrikam)

    pending = await report(contoso)
    assert (pending.pairs[0].found, pending.pairs[0].unified) == (1, 0)
    fix = pending.pairs[0].gaps[Reason.PENDING].mend
    assert fix is not None
    assert (fix.tenant_id, fix.command[1:4]) == (fabrikam.id, ("mto", "join", contoso.tenant.name))


async def test_what_comes_in_is_told_from_what_stands_here(contoso, fabrikam):
    """M30: mutual provisioning is recommended, and Comity says where it is missing."""
    await unite(contoso, fabrikam)
    bob = await fabrikam.add_person("bob")

    (before,) = (await report(contoso)).incoming
    assert (before.source_id, before.lets_in, before.people) == (fabrikam.id, False, 0)
    assert before.mend is not None
    await share(fabrikam, contoso, bob)

    (after,) = (await report(contoso)).incoming
    assert (after.lets_in, after.people, after.mend) == (True, 1, None)


async def test_the_matrix_shows_each_person_in_each_tenant(contoso, fabrikam, tailspin, annie):
    await unite(contoso, fabrikam, tailspin)
    await fabrikam.invite_guest(annie)
    await contoso.add_person("anton")

    async with contoso.db.tenant(contoso.id) as tx:
        first = await matrix(tx, contoso.operator, at_most=1)
        rest = await matrix(tx, contoso.operator, after=first[-1].person.id)

    assert [row.person.display_name for row in (*first, *rest)] == ["Annie", "Anton"]
    assert {tenant: cell.represented for tenant, cell in first[0].cells.items()} == {
        contoso.id: Represented.INTERNAL, fabrikam.id: Represented.GUEST, tailspin.id: Represented.NOT,
    }  # fmt: skip


async def test_coverage_is_for_whoever_reads_people_and_jobs(contoso, annie):
    """Not for any signed-in person."""
    rights = frozenset({Permission.USER_READ, Permission.SYNC_READ})
    for missing_one in rights:
        with pytest.raises(PermissionMissing):
            await report(contoso, contoso.as_user(annie, permissions=rights - {missing_one}))

    assert (await report(contoso, contoso.as_user(annie, permissions=rights))).pairs == []


async def why(caller: Caller, searcher: User, person: User, org: Org) -> Why:
    return await why_not_found(org.db, caller, searcher=searcher, person=person)


async def test_why_names_the_reason_and_the_remedy(contoso, fabrikam, annie):
    """Two names, one answer."""
    await unite(contoso, fabrikam)
    bob = await fabrikam.add_person("bob")
    operator = contoso.operator
    first = await why(operator, bob, annie, contoso)
    assert (first.found, first.reason) == (False, Reason.NOT_SHARED)
    assert first.mend is not None
    assert annie.user_principal_name in first.mend.command

    await share(contoso, fabrikam, annie)

    assert await why(operator, bob, annie, contoso) == Why(True, True, None, None)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await access.set_configuration(tx, fabrikam.operator, {"BlockedDomains": [contoso.domain]})
    blocked = await why(operator, bob, annie, contoso)
    assert (blocked.found, blocked.chat) == (True, Rule.TENANT_DOMAIN_BLOCKED)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account_enabled": False}, Reason.DISABLED), ({"show_in_address_list": False}, Reason.HIDDEN),
        ({"user_type": UserType.GUEST}, Reason.INTERNAL_GUEST), ({}, None),
    ],
)  # fmt: skip
async def test_why_within_a_tenant(contoso, annie, change, reason):
    anton = await contoso.add_person("anton", **change)

    found = await why(contoso.operator, annie, anton, contoso)

    assert (found.found, found.reason) == (reason is None, reason)
    assert (found.mend is None) == (reason is None)


async def test_why_is_sometimes_the_searchers_own_kind(contoso, fabrikam, annie, db):
    dana = await make_personal(db, "dana")
    guest = await contoso.invite_guest(await fabrikam.add_person("gustav"))

    reasons = [
        (await why(contoso.operator, each, person, contoso)).reason
        for each, person in ((dana.user, annie), (guest, annie), (annie, annie), (annie, dana.user))
    ]

    assert reasons == [
        Reason.SEARCHER_IS_PERSONAL, Reason.SEARCHER_IS_GUEST, Reason.ONESELF, Reason.NOT_A_MEMBER,
    ]  # fmt: skip


async def test_guests_at_home_cannot_be_shared(contoso, fabrikam):
    """S4: only a tenant's own members."""
    await unite(contoso, fabrikam)
    own_guest = await contoso.add_person("gitta", user_type=UserType.GUEST)
    bob = await fabrikam.add_person("bob")

    assert (await why(contoso.operator, bob, own_guest, contoso)).reason is Reason.NOT_A_MEMBER


async def test_the_searchers_admin_learns_nothing_of_the_other_home(contoso, fabrikam, tailspin, annie):
    """She does not stand here: whether she is shared, hidden or there at all is her tenant's business."""
    await unite(contoso, fabrikam)
    bob, tom = await fabrikam.add_person("bob"), await tailspin.add_person("tom")
    rights = frozenset({Permission.USER_READ, Permission.SYNC_READ})
    admin = fabrikam.as_user(bob, permissions=rights)

    unshared = await why(admin, bob, annie, contoso)
    await share(contoso, fabrikam, annie, accepted=False, drained=False)
    shared = await why(admin, bob, annie, contoso)

    assert unshared == shared == Why(False, False, Reason.NOT_REPRESENTED, None)
    await share(contoso, fabrikam, annie)
    assert (await why(admin, bob, annie, contoso)).found
    with pytest.raises(PermissionMissing):
        await why(tailspin.as_user(tom, permissions=rights), bob, annie, contoso)
    with pytest.raises(PermissionMissing):
        await why(fabrikam.as_user(bob), bob, annie, contoso)
