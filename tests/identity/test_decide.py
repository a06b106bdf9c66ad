"""Who may what, which scopes, which key: rules without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.caller import UserType
from comity.core.permissions import IMPLIED, Permission, with_implied
from comity.identity import decide
from comity.identity.errors import PasswordUnfit, PermissionUnknown, SigningKeyYoung
from comity.identity.model import KeyState, SigningKey
from comity.identity.refusals import ConsentMissing, ResourceUnknown, ScopeInvalid
from comity.identity.roles import PERMISSIONS, TEMPLATE_IDS, DirectoryRole, find_role

ORIGIN = "http://127.0.0.1:8080"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_what_is_implied_implies_nothing_further():
    """`with_implied` looks once; the table has to be whole (graph-api, appendix A)."""
    for permission, implied in IMPLIED.items():
        assert with_implied(implied) <= implied | {permission}


def test_directory_read_opens_users_groups_and_the_organisation():
    """Appendix A: directory reads also accept Directory.Read.All."""
    held = with_implied(decide.app_permissions(["Directory.Read.All"]))

    assert {Permission.USER_READ, Permission.GROUP_READ, Permission.ORGANIZATION_READ} <= held
    assert Permission.USER_WRITE not in held


def test_no_app_and_no_role_reaches_the_installation():
    """Creating tenants and moving the clock is the operator's alone, whatever a row says."""
    assert decide.app_permissions([Permission.INSTALLATION.value, "User.Read.All"]) == {Permission.USER_READ}
    with pytest.raises(PermissionUnknown):
        decide.check_application_permissions([Permission.INSTALLATION.value])
    assert all(Permission.INSTALLATION not in with_implied(granted) for granted in PERMISSIONS.values())
    everything = decide.delegated_permissions(frozenset(Permission) - {Permission.INSTALLATION}, set(Permission))
    assert Permission.INSTALLATION not in everything


def test_every_role_has_a_template_id_and_rights():
    assert set(TEMPLATE_IDS) == set(PERMISSIONS) == set(DirectoryRole)
    assert len(set(TEMPLATE_IDS.values())) == len(DirectoryRole)


@pytest.mark.parametrize("text", ["Global Reader", "global reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"])
def test_a_role_is_found_by_name_or_template_id(text):
    assert find_role(text) is DirectoryRole.GLOBAL_READER


def test_a_guest_lists_nobody_and_a_member_changes_nobody():
    """Provisioning §11: enumerating users is a member's right; writing takes a role."""
    assert Permission.USER_READ not in decide.person_permissions(UserType.GUEST, [])
    member = with_implied(decide.person_permissions(UserType.MEMBER, []))
    assert Permission.USER_READ in member
    assert Permission.USER_WRITE not in member
    assert Permission.USER_WRITE in with_implied(decide.person_permissions(UserType.GUEST, ["User Administrator"]))


@given(
    st.frozensets(st.sampled_from(sorted(Permission))),
    st.frozensets(st.sampled_from(decide.DELEGATED_PERMISSIONS)),
)
def test_on_behalf_of_a_person_an_app_never_gets_more_than_she_has(person, scopes):
    """Delegated means both have to have it."""
    assert decide.delegated_permissions(person, scopes) <= with_implied(person)


@pytest.mark.parametrize(
    "resource",
    [
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
        "00000003-0000-0000-c000-000000000000",
        ORIGIN,
        "http://127.0.0.1",
        "HTTP://127.0.0.1:8080",
    ],
)
def test_our_graph_goes_by_several_names(resource):
    """Design §5.4: Graph's own, and `{origin}` with or without the port."""
    decide.check_app_scope(f"{resource}/.default", origin=ORIGIN)


@pytest.mark.parametrize(
    ("scope", "refusal"),
    [
        ("", ScopeInvalid),
        ("User.Read", ScopeInvalid),
        (".default", ScopeInvalid),
        ("https://graph.microsoft.com/User.Read.All", ScopeInvalid),
        ("https://graph.microsoft.com/.default https://graph.microsoft.com/.default", ScopeInvalid),
        ("https://vault.azure.net/.default", ResourceUnknown),
        ("http://127.0.0.1:9090/.default", ResourceUnknown),
        ("https://graph.microsoft.com.evil.example/.default", ResourceUnknown),
    ],
)
def test_an_app_asks_for_all_it_has_of_this_service_or_is_refused(scope, refusal):
    with pytest.raises(refusal):
        decide.check_app_scope(scope, origin=ORIGIN)


def test_delegated_scopes_are_what_was_asked_and_registered():
    registered = ("User.Read", "Chat.ReadWrite")

    asked = decide.grant_scopes("openid https://graph.microsoft.com/user.read", registered=registered, origin=ORIGIN)
    everything = decide.grant_scopes(f"{ORIGIN}/.default", registered=registered, origin=ORIGIN)

    assert asked == ("User.Read", "openid")
    assert everything == ("Chat.ReadWrite", "User.Read")
    with pytest.raises(ConsentMissing):
        decide.grant_scopes("User.Read.All", registered=registered, origin=ORIGIN)
    with pytest.raises(ScopeInvalid):
        decide.grant_scopes("  ", registered=registered, origin=ORIGIN)


@pytest.mark.parametrize("text", ["", "1234567", "x" * 257])
def test_passwords_have_bounds(text):
    with pytest.raises(PasswordUnfit):
        decide.check_password(text)


def key(kid: str, state: KeyState, *, created: datetime, retired: datetime | None = None) -> SigningKey:
    return SigningKey(kid, state, "{}", b"", created, created, retired)


def test_a_rotation_uses_the_published_key_and_keeps_the_old_one_until_its_tokens_are_over():
    """Published before use, kept until the last token has expired (design §7)."""
    keys = [
        key("gone", KeyState.RETIRED, created=NOW, retired=NOW - decide.KEPT_AFTER_USE),
        key("old", KeyState.RETIRED, created=NOW, retired=NOW - decide.KEPT_AFTER_USE + timedelta(seconds=1)),
        key("now", KeyState.CURRENT, created=NOW - timedelta(days=9)),
        key("next", KeyState.NEXT, created=NOW - decide.PUBLISHED_BEFORE_USE),
    ]

    assert decide.plan_rotation(keys, now=NOW, at_once=False) == decide.Rotation("now", "next", ("gone",))


def test_a_key_too_young_is_used_only_in_need():
    keys = [key("now", KeyState.CURRENT, created=NOW), key("next", KeyState.NEXT, created=NOW)]

    with pytest.raises(SigningKeyYoung) as refusal:
        decide.plan_rotation(keys, now=NOW, at_once=False)
    assert refusal.value.parameters["usable_from"] == NOW + decide.PUBLISHED_BEFORE_USE
    assert decide.plan_rotation(keys, now=NOW, at_once=True).promote == "next"


def test_a_retired_key_outlives_every_token_it_may_have_signed():
    """Another process signs with it for as long as its view of the keys is fresh."""
    assert decide.KEPT_AFTER_USE.total_seconds() > decide.TOKEN_LIFETIME_S + decide.KEYS_FRESH_S
