"""The rules between partners: the gate, redemption, templates (provisioning §1.6, §2)."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.directory.model import ExternalUserState
from comity.partners.decide import (
    accepting,
    apply_templates,
    as_admin_center,
    check_partner,
    decide_redemption,
    decide_sync_gate,
    merge_settings,
    offering,
    withdrawing,
)
from comity.partners.model import (
    InboundHalf,
    InboundTrust,
    OutboundHalf,
    Partner,
    PartnerInvalid,
    PartnerSettings,
    Shortfall,
    SyncErrorCode,
    SyncPolicy,
    TemplateLevel,
    Templates,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = "AzureActiveDirectoryCrossTenantSyncPolicyCheckFailure"
FORBIDDEN = "AzureActiveDirectoryForbidden"


def outbound(*, redeem: bool = True) -> OutboundHalf:
    return OutboundHalf(redeem=redeem, version=1)


def inbound(*, sync: bool = True, redeem: bool = True, invitations: bool = True, groups: bool = False) -> InboundHalf:
    return InboundHalf(
        user_sync=sync, group_sync=groups, redeem=redeem, invitations_allowed=invitations, version=1, sync_version=1
    )


def entry(settings: PartnerSettings | None = None, sync: SyncPolicy | None = None) -> Partner:
    return Partner(tenant_id=TenantId(new_id()), settings=settings or PartnerSettings(), sync=sync, created_at=AT)


@pytest.mark.parametrize(("offered", "accepted", "redeemed", "invited"), list(product([True, False], repeat=4)))
def test_the_gate_names_everything_that_is_missing(offered, accepted, redeemed, invited):
    """Every combination of the four settings that gate a sync (§2)."""
    gate = decide_sync_gate(outbound(redeem=offered), inbound(sync=accepted, redeem=redeemed, invitations=invited))

    expected = [
        shortfall
        for shortfall, is_set in (
            (Shortfall.OUTBOUND_REDEMPTION, offered),
            (Shortfall.INBOUND_SYNC, accepted),
            (Shortfall.INBOUND_REDEMPTION, redeemed),
            (Shortfall.INVITATIONS, invited),
        )
        if not is_set
    ]
    assert list(gate.shortfalls) == expected
    assert gate.is_open == (offered and accepted and redeemed)
    assert gate.may_create == (offered and accepted and redeemed and invited)
    assert gate.first == (expected[0] if expected else None)


@pytest.mark.parametrize(
    ("target", "source", "code", "is_source"),
    [
        (inbound(), outbound(redeem=False), POLICY, True),
        (inbound(sync=False), outbound(), POLICY, False),
        (inbound(redeem=False), outbound(), POLICY, False),
        (inbound(invitations=False), outbound(), FORBIDDEN, False),
    ],
)
def test_the_gate_answers_in_the_codes_that_people_know(target, source, code, is_source):
    """One code for the policy check with a detail per side, another one where invitations are blocked."""
    first = decide_sync_gate(source, target).first

    assert first is not None
    assert (str(first.code), first.is_source) == (code, is_source)


def test_blocked_invitations_fail_people_one_by_one_not_the_job():
    """AzureActiveDirectoryForbidden is a per-user failure; people who are there are still updated."""
    gate = decide_sync_gate(outbound(), inbound(invitations=False))

    assert gate.is_open
    assert not gate.may_create


def test_a_tenant_that_never_answers_looks_like_one_that_has_not_accepted():
    """The source learns nothing about which tenants exist."""
    nowhere = decide_sync_gate(outbound(), None)

    assert nowhere.shortfalls == (Shortfall.INBOUND_SYNC,)
    assert nowhere.shortfalls == decide_sync_gate(outbound(), inbound(sync=False)).shortfalls
    assert not nowhere.is_open
    assert nowhere.shortfalls[0].code is SyncErrorCode.POLICY_CHECK


@pytest.mark.parametrize("groups", [True, False])
def test_groups_take_a_permission_of_their_own(groups):
    gate = decide_sync_gate(outbound(), inbound(groups=groups))

    assert gate.is_open
    assert gate.groups_allowed is groups


@pytest.mark.parametrize(("home", "resource"), list(product([True, False], repeat=2)))
def test_redemption_takes_home_outbound_and_resource_inbound(home, resource):
    state = decide_redemption(outbound(redeem=home), inbound(redeem=resource))

    assert (state is ExternalUserState.ACCEPTED) == (home and resource)


def test_a_template_value_of_none_leaves_the_partners_alone_and_any_other_overwrites():
    """The merge rule of §1.6, value by value."""
    settings = PartnerSettings(
        redeem_inbound=True, redeem_outbound=True, trust=InboundTrust(mfa=True, compliant_device=True)
    )
    template = PartnerSettings(redeem_outbound=False, trust=InboundTrust(compliant_device=False))

    assert merge_settings(settings, template) == PartnerSettings(
        redeem_inbound=True, redeem_outbound=False, trust=InboundTrust(mfa=True, compliant_device=False)
    )
    assert merge_settings(settings, PartnerSettings()) == settings
    assert merge_settings(PartnerSettings(), settings) == settings


LEVELS = [
    TemplateLevel.NONE,
    TemplateLevel.NEW,
    TemplateLevel.EXISTING,
    TemplateLevel.NEW | TemplateLevel.EXISTING,
]


@pytest.mark.parametrize(("level", "is_new"), list(product(LEVELS, [True, False])))
def test_templates_act_on_new_or_existing_entries_as_their_level_says(level, is_new):
    templates = Templates(
        partner=PartnerSettings(redeem_inbound=True), partner_level=level, user_sync=True, sync_level=level
    )

    after = apply_templates(entry(sync=SyncPolicy()), templates, is_new=is_new, sync_is_new=is_new)

    acts = bool(level & (TemplateLevel.NEW if is_new else TemplateLevel.EXISTING))
    assert after.settings.redeem_inbound is (True if acts else None)
    assert after.sync is not None
    assert after.sync.user_sync is (True if acts else None)


def test_the_two_templates_have_levels_of_their_own():
    templates = Templates(
        partner=PartnerSettings(redeem_inbound=True), partner_level=TemplateLevel.EXISTING,
        user_sync=True, sync_level=TemplateLevel.NEW,
    )  # fmt: skip

    after = apply_templates(entry(sync=SyncPolicy()), templates, is_new=True, sync_is_new=True)

    assert after.settings == PartnerSettings()
    assert after.sync == SyncPolicy(user_sync=True)


def test_unconfigured_templates_change_no_behaviour():
    before = entry(PartnerSettings(redeem_inbound=False), SyncPolicy(user_sync=False))

    assert apply_templates(before, Templates(), is_new=False, sync_is_new=False) == before


def test_the_admin_center_sets_three_values():
    """Both redemptions and user sync (§1.6); levels and trust stay."""
    before = Templates(partner=PartnerSettings(trust=InboundTrust(mfa=True)), sync_level=TemplateLevel.NEW)

    assert as_admin_center(before) == Templates(
        partner=PartnerSettings(redeem_inbound=True, redeem_outbound=True, trust=InboundTrust(mfa=True)),
        user_sync=True,
        sync_level=TemplateLevel.NEW,
    )


def test_accepting_allows_sync_and_offers_redemption():
    """Saving inbound sync offers to switch on inbound automatic redemption at once (§2)."""
    accepted = accepting(entry(), redeem=True)
    declined = accepting(entry(PartnerSettings(redeem_inbound=False)), redeem=False)

    assert (accepted.settings.redeem_inbound, accepted.sync) == (True, SyncPolicy(user_sync=True))
    assert (declined.settings.redeem_inbound, declined.sync) == (False, SyncPolicy(user_sync=True))


def test_withdrawing_stops_the_sync_and_nothing_else():
    accepted = accepting(entry(), redeem=True)

    withdrawn = withdrawing(accepted)

    assert withdrawn == replace(accepted, sync=SyncPolicy(user_sync=False))
    assert withdrawing(entry()).sync is None


def test_offering_is_about_our_own_people():
    assert offering(entry()).settings == PartnerSettings(redeem_outbound=True)


def test_a_partner_is_another_business_tenant():
    own = TenantId(new_id())

    check_partner(own, TenantId(new_id()))
    for wrong, fault in ((own, "own"), (PERSONAL_REALM, "personal")):
        with pytest.raises(PartnerInvalid) as refusal:
            check_partner(own, wrong)
        assert refusal.value.parameters["fault"] == fault
