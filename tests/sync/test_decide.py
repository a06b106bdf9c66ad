"""What one page of a drain changes: tables and laws of the pure planner (provisioning §3.2, §5, §8)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.ids import UserId, new_id
from comity.directory.model import Attribute
from comity.sync.decide import plan_cycle
from comity.sync.mapping import DEFAULT_MAPPING, CompiledMapping
from comity.sync.model import CARRIED, FIRST_CARRIED, Action, Actions, Page, Person, Plan, Present, Reason, Step

MAPPING = CompiledMapping(DEFAULT_MAPPING, target_domain="contoso.example")
END = FIRST_CARRIED + len(CARRIED)


def person(name: str = "annie", **values: Any) -> Person:
    known: dict[str, Any] = dict.fromkeys(Person._fields) | {
        "id": UserId(new_id()), "version": 1, "display_name": name.title(), "given_name": name.title(),
        "user_principal_name": f"{name}@fabrikam.example", "mail": f"{name}@fabrikam.example", "user_type": "Member",
        "account_enabled": True, "show_in_address_list": True, "is_external": False, "is_deleted": False,
    }  # fmt: skip
    return Person(**(known | values))


def present(of: Person, **values: Any) -> Present:
    """Her account in the target, as a drain would have left it."""
    known: dict[str, Any] = dict(zip((each.column for each in CARRIED), MAPPING.wanted(of), strict=True))
    known |= {"id": UserId(new_id()), "version": 7, "home_user_id": of.id, "deleted_by": None}
    return Present(**(known | values))


def page(*people: Person, there: tuple[Present, ...] = (), offered: bool = True, **more: Any) -> Page:
    known: dict[str, Any] = {
        "people": people,
        "in_scope": frozenset(each.id for each in people) if offered else frozenset(),
        "present": {each.home_user_id: each for each in there},
        "linked": frozenset(each.home_user_id for each in there),
        "new_ids": {each.id: UserId(new_id()) for each in people},
    }
    return Page(**(known | more))


def plan(of: Page, actions: Actions | None = None) -> Plan:
    return plan_cycle(of, MAPPING, actions or Actions())


def only_step(of: Page, actions: Actions | None = None) -> Step:
    made = plan(of, actions)
    assert len(made.steps) == 1, made
    return made.steps[0]


def wanted(step: Step, attribute: Attribute) -> object:
    return step.wanted[CARRIED.index(attribute)]


def reason(of: Page, actions: Actions | None = None) -> Reason:
    made = plan(of, actions)
    assert not made.steps
    assert len(made.skips) == 1, made
    return made.skips[0].reason


def test_somebody_new_is_created_as_a_member_under_a_mangled_name():
    """Rows 20, 21 and 23 of provisioning §5.2; M42."""
    step = only_step(page(person(city="Köln")))

    assert step.action is Action.CREATE
    assert wanted(step, Attribute.USER_PRINCIPAL_NAME) == "annie_fabrikam.example#EXT#@contoso.example"
    assert wanted(step, Attribute.USER_TYPE) == "Member"
    assert wanted(step, Attribute.SHOW_IN_ADDRESS_LIST) is True
    assert wanted(step, Attribute.CITY) == "Köln"


def test_an_existing_guest_stays_a_guest():
    """Row 23 applies on creation only; M43."""
    annie = person(city="Köln")
    guest = present(annie, user_type="Guest", city="Bonn", show_in_address_list=False)

    step = only_step(page(annie, there=(guest,), linked=frozenset()))

    assert step.action is Action.ADOPT
    assert wanted(step, Attribute.USER_TYPE) == "Guest"
    assert wanted(step, Attribute.SHOW_IN_ADDRESS_LIST) is True
    assert step.changed == Attribute.CITY.bit | Attribute.SHOW_IN_ADDRESS_LIST.bit


def test_an_account_in_line_is_left_alone():
    """Redundant exports write nothing (provisioning §3.4)."""
    annie = person()
    made = plan(page(annie, there=(present(annie),)))
    assert made == Plan((), (), 1, frozenset())


def test_an_account_in_line_that_no_job_manages_is_linked_without_a_change():
    """Brownfield adoption: linked and updated, not duplicated (provisioning §5.1)."""
    annie = person()
    step = only_step(page(annie, there=(present(annie),), linked=frozenset()))
    assert (step.action, step.changed) == (Action.ADOPT, 0)


def test_a_cleared_attribute_does_not_flow():
    """A null source value is not provisioned; the target keeps its value (provisioning §5.3)."""
    annie = person(city=None)
    assert plan(page(annie, there=(present(annie, city="Köln"),))).unchanged == 1


def test_mail_flows_on_creation_only():
    """Row 22 of provisioning §5.2."""
    annie = person(mail="new@fabrikam.example")
    assert plan(page(annie, there=(present(annie, mail="old@fabrikam.example"),))).unchanged == 1


def test_leaving_scope_soft_deletes_what_the_job_manages():
    """M46."""
    annie = person()
    step = only_step(page(annie, there=(present(annie),), offered=False))
    assert (step.action, step.changed) == (Action.DELETE, Attribute.IS_DELETED.bit)


def test_leaving_scope_does_not_touch_an_account_that_the_job_never_managed():
    """A guest whom the target invited itself is not the source's to delete."""
    annie = person()
    made = plan(page(annie, there=(present(annie),), offered=False, linked=frozenset()))
    assert not made.steps


def test_leaving_one_of_two_jobs_deletes_nobody():
    """Two jobs of one pair may offer the same person; the other one still does (D-2)."""
    annie = person()
    both = page(annie, there=(present(annie),), offered=False, managed_elsewhere=frozenset({annie.id}))
    assert reason(both) is Reason.MANAGED_ELSEWHERE


def test_nobody_is_deleted_while_the_delete_action_is_off():
    """M47."""
    annie = person()
    assert reason(page(annie, there=(present(annie),), offered=False), Actions(delete=False)) is Reason.ACTION_OFF


def test_deletion_at_the_source_soft_deletes_in_the_target():
    """Provisioning §8, first row."""
    annie = person(is_deleted=True)
    assert only_step(page(annie, there=(present(annie),))).action is Action.DELETE


def test_somebody_disabled_is_not_provisioned_for_the_first_time():
    """Provisioning §3.2: not active in the source."""
    assert reason(page(person(account_enabled=False))) is Reason.NOT_ACTIVE


def test_disabling_flows_to_an_account_that_exists():
    """Provisioning §8: a disabled person is an update, not a delete."""
    annie = person(account_enabled=False)
    step = only_step(page(annie, there=(present(annie, account_enabled=True),)))
    assert (step.action, step.changed) == (Action.UPDATE, Attribute.ACCOUNT_ENABLED.bit)


@pytest.mark.parametrize("values", [{"is_external": True}, {"user_type": "Guest"}])
def test_only_own_members_are_offered(values: dict[str, Any]):
    """Only users internal to the source are eligible, so there are no loops (provisioning §3.2, D-3)."""
    assert reason(page(person(**values))) is Reason.NOT_ELIGIBLE


@pytest.mark.parametrize("by", ["sync", "self"])
def test_coming_back_restores_the_same_account(by: str):
    """Within 30 days it is restored, not recreated (provisioning §8); leavers too (D-4)."""
    annie = person(city="Köln")
    deleted = present(annie, city="Bonn", deleted_by=by)
    step = only_step(page(annie, there=(deleted,), linked=frozenset()))
    assert (step.action, step.target_id) == (Action.RESTORE, deleted.id)
    assert step.changed == Attribute.IS_DELETED.bit | Attribute.CITY.bit


def test_whom_the_target_deleted_stays_deleted():
    """A target admin's deletion is not undone by sync (D-4)."""
    annie = person()
    assert reason(page(annie, there=(present(annie, deleted_by="admin"),))) is Reason.DELETED_BY_ADMIN


def test_a_guest_whose_home_was_not_known_is_adopted():
    """The pending object is taken over and gets the mapped name (D-12)."""
    annie = person()
    guest = present(annie, home_user_id=None, user_type="Guest")
    found = page(annie, present={annie.id: guest})
    step = only_step(found)
    assert (step.action, step.changed) == (Action.ADOPT, Attribute.HOME_IDENTITY.bit)


def test_a_name_that_somebody_else_bears_fails_alone():
    """The collision is found before writing; the others of the page go through."""
    annie, bob = person("annie"), person("bob")
    made = plan(page(annie, bob, taken={"annie_fabrikam.example#ext#@contoso.example": UserId(new_id())}))
    assert [step.source_id for step in made.steps] == [bob.id]
    assert [(skip.reason, skip.failed) for skip in made.skips] == [(Reason.UPN_TAKEN, True)]


def test_a_target_that_lets_nobody_invite_fails_each_new_person():
    """AzureActiveDirectoryForbidden per user (provisioning §2); who is there is still updated."""
    annie, bob = person("annie"), person("bob", city="Köln")
    made = plan(page(annie, bob, there=(present(bob, city=None),), invitations_allowed=False))
    assert [step.source_id for step in made.steps] == [bob.id]
    assert [skip.reason for skip in made.skips] == [Reason.FORBIDDEN]


@pytest.mark.parametrize(
    ("actions", "there"), [(Actions(add=False), False), (Actions(update=False), True)], ids=["add", "update"]
)
def test_target_object_actions_are_obeyed(actions: Actions, there: bool):
    """Without Add existing matches are still updated; without Update nothing changes after creation."""
    annie = person(city="Köln")
    found = page(annie, there=(present(annie, city=None),) if there else ())
    assert reason(found, actions) is Reason.ACTION_OFF


def test_a_manager_created_on_the_same_page_is_set_at_once():
    """Hint 5: ids are known before inserting, so rows need no second write."""
    annie = person("annie")
    bob = person("bob", manager_id=annie.id)
    found = page(bob, annie)
    made = plan(found)
    step = next(each for each in made.steps if each.source_id == bob.id)
    assert wanted(step, Attribute.MANAGER_ID) == found.new_ids[annie.id]
    assert not made.unresolved


def test_a_manager_who_is_not_there_is_left_open():
    """A missing reference never blocks the user (provisioning §5.4)."""
    bob = person("bob", manager_id=UserId(new_id()))
    made = plan(page(bob))
    assert wanted(made.steps[0], Attribute.MANAGER_ID) is None
    assert made.unresolved == {bob.id}


def test_deletions_come_first():
    """They free names that others may take in the same batch."""
    annie, bob = person("annie"), person("bob")
    made = plan(page(annie, bob, there=(present(bob),), in_scope=frozenset({annie.id})))
    assert [step.action for step in made.steps] == [Action.DELETE, Action.CREATE]


TEXT = st.one_of(st.none(), st.sampled_from(["", "Köln", "Bonn", "☂"]))


@st.composite
def random_page(draw: st.DrawFn) -> Page:
    people, there = [], []
    for name in draw(st.lists(st.sampled_from("abcdefgh"), unique=True)):
        each = person(
            name, city=draw(TEXT), department=draw(TEXT), account_enabled=draw(st.booleans()),
            is_deleted=draw(st.booleans()), is_external=draw(st.booleans()),
        )  # fmt: skip
        people.append(each)
        if draw(st.booleans()):
            by = draw(st.sampled_from([None, "sync", "admin"]))
            there.append(
                present(each, city=draw(TEXT), user_type=draw(st.sampled_from(["Member", "Guest"])), deleted_by=by)
            )
    ids = [each.id for each in people]
    return page(
        *people, there=tuple(there),
        in_scope=frozenset(draw(st.sets(st.sampled_from(ids)))) if ids else frozenset(),
        linked=frozenset(each.home_user_id for each in there if each.deleted_by is None and draw(st.booleans())),
    )  # fmt: skip


def applied(before: Page, made: Plan) -> Page:
    """The page as it reads after the plan was applied."""
    there, linked = dict(before.present), set(before.linked)
    for step in made.steps:
        deleted = "sync" if step.action is Action.DELETE else None
        there[step.source_id] = Present(step.target_id, step.target_version + 1, *step.wanted, step.source_id, deleted)  # type: ignore[arg-type, call-arg]
        linked = linked - {step.source_id} if deleted else linked | {step.source_id}
    return Page(before.people, before.in_scope, there, frozenset(linked), new_ids=before.new_ids)


@given(random_page())
def test_a_plan_applied_twice_equals_once(found: Page):
    """The law that makes a crash between applying and advancing harmless."""
    after = applied(found, plan(found))
    assert not plan(after).steps


@given(random_page())
def test_the_order_of_people_does_not_matter(found: Page):
    """A page is unordered."""
    backwards = Page(found.people[::-1], found.in_scope, found.present, found.linked, new_ids=found.new_ids)
    assert sorted(plan(found).steps, key=lambda each: each.source_id) == sorted(
        plan(backwards).steps, key=lambda each: each.source_id
    )


@given(random_page())
def test_nobody_is_exported_who_is_not_at_home_here(found: Page):
    """No identity leaves a tenant that is not its home (style §12)."""
    external = {each.id for each in found.people if each.is_external}
    assert not [step for step in plan(found).steps if step.source_id in external and step.action is not Action.DELETE]


def test_what_people_and_present_carry_stands_in_bit_order():
    """Columns are picked by position: the order is the contract between SQL, mapping and receipts."""
    names = [each.column for each in CARRIED]
    assert list(Person._fields[FIRST_CARRIED:END]) == names
    assert list(Present._fields[FIRST_CARRIED:END]) == names
