"""Users › External access: the settings, their what-if, the policies (external-access §15, mission M19, M20)."""

from __future__ import annotations

from comity.access.policies import get_effective_policy
from comity.access.service import get_configuration
from tests.web.admin.desk import Desk


async def configuration(desk: Desk):
    async with desk.org.db.tenant(desk.org.id) as tx:
        return await get_configuration(tx, desk.org.operator)


def settings(**other: str) -> dict[str, str]:
    return {"organizations": "all", "consumer": "yes", "consumer_inbound": "yes", "trials": "yes", **other}


async def test_one_line_says_which_of_three_states_holds(desk: Desk):
    """Nobody, only our people may start, both may start."""
    await desk.open("users", "external-access")
    assert "People here and people with personal accounts can both start chats." in desk.text
    for fields, said in (
        ({"consumer": "yes"}, "personal accounts cannot start one"),
        ({}, "Nobody here can chat with people who have personal accounts."),
    ):
        await desk.send({"organizations": "all", "trials": "yes", **fields}, form="users/external-access")
        await desk.send({}, form="users/external-access")
        assert said in desk.text


async def test_saving_shows_first_who_loses_what(desk: Desk):
    """Switching inbound off: everybody loses one thing, nothing is saved before it was seen (M19)."""
    annie = await desk.org.add_person("annie")
    await desk.open("users", "external-access")
    await desk.send({"organizations": "all", "consumer": "yes", "trials": "yes"}, form="users/external-access")
    assert annie.user_principal_name in desk.text
    assert "be written to first by personal accounts" in desk.text
    assert (await configuration(desk)).allow_teams_consumer_inbound

    await desk.send({"reason": "Works council"}, form="users/external-access")
    assert "Saved." in desk.text
    assert not (await configuration(desk)).allow_teams_consumer_inbound


async def test_the_choice_about_domains_is_one_of_four(desk: Desk):
    """As the portal maps them: all, only some, all but some, none."""
    for fields, expected in (
        ({"organizations": "only", "allowed": "birch.example\ncedar.example"}, "Allow only specific"),
        ({"organizations": "except", "forbidden": "elm.example"}, "Block only specific"),
        ({"organizations": "none"}, "Block all"),
        ({"organizations": "all"}, "Allow all"),
    ):
        await desk.open("users", "external-access")
        await desk.send({**settings(), **fields}, form="users/external-access")
        await desk.send({}, form="users/external-access")
        assert desk.browser.page is not None
        checked = desk.browser.page.text.split("checked>")[1].split("<")[0]
        assert expected in checked
    now = await configuration(desk)
    assert (now.allow_federated_users, now.allowed_domains, now.blocked_domains) == (True, None, frozenset())


async def test_a_domain_that_is_none_is_said_in_words(desk: Desk):
    """Nothing is saved, and the sentence says what to mend."""
    await desk.open("users", "external-access")
    await desk.send({**settings(), "organizations": "only", "allowed": "not a domain"}, form="users/external-access")
    assert "not a domain" in desk.text
    assert (await configuration(desk)).allowed_domains is None


async def test_a_policy_is_made_and_given_to_one_person(desk: Desk):
    """After the what-if; her page says where it comes from."""
    annie = await desk.org.add_person("annie")
    await desk.open("users", "external-access", "policies")
    await desk.send(
        {"identity": "No strangers", "description": "Nobody from outside", "federation": "yes"},
        form="users/external-access/policies", button={"do": "new"}, nth=-1,
    )  # fmt: skip
    await desk.open("users", annie.id)
    assert "Global: nothing else is assigned" in desk.text
    await desk.send({"policy": "No strangers"}, form="users/external-access/assign")
    assert "write first to personal accounts" in desk.text
    await desk.send({}, form="users/external-access/assign")
    assert "The policy No strangers holds." in desk.text
    async with desk.org.db.tenant(desk.org.id) as tx:
        assert (await get_effective_policy(tx, desk.org.operator, annie.id)).name == "No strangers"


async def test_pages_speak_german(desk: Desk):
    """With Sie and the portal's words."""
    await desk.browser.open(desk.path("users/external-access"), **{"accept-language": "de"})
    assert "Externer Zugriff" in desk.text
    assert "Personen hier und Personen mit persönlichem Konto können beide Chats beginnen." in desk.text
