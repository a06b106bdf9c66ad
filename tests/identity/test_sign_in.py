"""The grants, without HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from comity.core.caller import PrincipalKind
from comity.core.ids import PERSONAL_REALM, new_id
from comity.core.permissions import Permission
from comity.identity import errors, refusals, service
from comity.identity.attempts import FAILURES_MAX, LOCK_FIRST, LOCK_MAX, locked_for
from comity.identity.callers import load_caller
from comity.identity.clients import Proof
from comity.identity.passwords import Passwords
from comity.identity.sign_in import check_password, find_sign_in_tenant, sign_in_app, sign_in_person

ORIGIN = "http://127.0.0.1:8080"
DEFAULT = "https://graph.microsoft.com/.default"


async def test_a_tenant_is_found_by_id_or_domain_and_by_nothing_else(contoso, db):
    """A name is no address, and the personal realm is signed in to as /consumers."""
    assert await find_sign_in_tenant(db, str(contoso.id)) == contoso.id
    assert await find_sign_in_tenant(db, contoso.domain.upper()) == contoso.id
    for text in (contoso.tenant.name, str(new_id()), "nobody.example", str(PERSONAL_REALM), "", "x" * 300):
        with pytest.raises(refusals.SignInTenantUnknown):
            await find_sign_in_tenant(db, text)


async def test_an_app_signs_in_with_its_secret(identity, contoso):
    application, secret = await identity.register(contoso)

    issued = await sign_in_app(
        identity.sign_in,
        contoso.id,
        client_id=str(application.app_id),
        proof=Proof(secret),
        scope=DEFAULT,
        origin=ORIGIN,
    )

    assert (await identity.tokens.verify(issued.access_token, origin=ORIGIN)).principal_id == application.id


async def test_an_app_without_its_right_secret_is_refused(identity, contoso, fabrikam, db):
    application, secret = await identity.register(contoso)
    public = await identity.register_public(contoso, "User.Read")
    disabled, disabled_secret = await identity.register(contoso)
    async with db.tenant(contoso.id) as tx:
        await service.disable_application(tx, contoso.operator, disabled.id)
    client_id = str(application.app_id)

    for org, who, what, scope, refusal in [
        (contoso, client_id, "wrong", DEFAULT, refusals.ClientSecretWrong),
        (contoso, client_id, secret + "x", DEFAULT, refusals.ClientSecretWrong),
        (contoso, client_id, disabled_secret, DEFAULT, refusals.ClientSecretWrong),
        (contoso, client_id, None, DEFAULT, refusals.ClientSecretMissing),
        (contoso, client_id, "", DEFAULT, refusals.ClientSecretMissing),
        (contoso, client_id, secret, "User.Read", refusals.ScopeInvalid),
        (contoso, str(new_id()), secret, DEFAULT, refusals.ClientUnknown),
        (contoso, "nonsense", secret, DEFAULT, refusals.ClientUnknown),
        (contoso, str(application.id), secret, DEFAULT, refusals.ClientUnknown),
        (contoso, str(public.app_id), None, DEFAULT, refusals.ClientGrantRefused),
        (contoso, str(disabled.app_id), disabled_secret, DEFAULT, refusals.ClientDisabled),
        (fabrikam, client_id, secret, DEFAULT, refusals.ClientUnknown),
    ]:
        with pytest.raises(refusal):
            await sign_in_app(identity.sign_in, org.id, client_id=who, proof=Proof(what), scope=scope, origin=ORIGIN)


async def test_a_secret_ends_by_the_machine_clock(identity, contoso, clock):
    """A lab that moves the business clock by years keeps its secrets (design §4.10)."""
    application, secret = await identity.register(contoso)

    async def attempt() -> None:
        await sign_in_app(
            identity.sign_in,
            contoso.id,
            client_id=str(application.app_id),
            proof=Proof(secret),
            scope=DEFAULT,
            origin=ORIGIN,
        )

    clock.offset = timedelta(days=9999)
    await attempt()
    identity.machine.offset = service.SECRET_LIFETIME + timedelta(seconds=1)
    with pytest.raises(refusals.ClientSecretExpired):
        await attempt()


async def test_a_person_signs_in_where_the_app_allows_it(identity, contoso, db):
    annie = await contoso.add_person("annie")
    await identity.give_password(contoso, annie, "correct horse")
    client = await identity.register_public(contoso, "User.Read", "Chat.ReadWrite")

    issued = await sign_in_person(
        identity.sign_in, contoso.id, client_id=str(client.app_id), proof=Proof(),
        username=annie.user_principal_name.upper(), password="correct horse", scope="openid User.Read", origin=ORIGIN,
        nonce="n-1",
    )  # fmt: skip
    bearer = await identity.tokens.verify(issued.access_token, origin=ORIGIN)
    async with db.tenant(contoso.id) as tx:
        caller = await load_caller(tx, bearer, request_id=new_id())

    assert issued.scope == "User.Read openid"
    assert issued.id_token is not None
    assert bearer.kind is PrincipalKind.USER
    assert caller.user_id == annie.id
    assert caller.may(Permission.ORGANIZATION_READ)
    assert not caller.may(Permission.CHAT), "not asked for"
    with pytest.raises(errors.TokenAudienceWrong):
        await identity.tokens.verify(issued.id_token, origin=ORIGIN)


async def test_wrong_names_and_wrong_passwords_get_one_answer(identity, contoso, fabrikam):
    """Nobody can try out who exists; who is disabled hears so only with the right password."""
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    charlie = await contoso.add_person("charlie", account_enabled=False)
    guest = await contoso.invite_guest(await fabrikam.add_person("dan"))
    for each in (annie, charlie):
        await identity.give_password(contoso, each, "correct horse")
    client = await identity.register_public(contoso, "User.Read")

    for username, password, refusal in [
        (annie.user_principal_name, "wrong horse", refusals.PasswordWrong),
        ("nobody@" + contoso.domain, "correct horse", refusals.PasswordWrong),
        (bob.user_principal_name, "correct horse", refusals.PasswordWrong),
        (guest.user_principal_name, "correct horse", refusals.PasswordWrong),
        (charlie.user_principal_name, "wrong horse", refusals.PasswordWrong),
        (charlie.user_principal_name, "correct horse", refusals.AccountDisabled),
    ]:
        with pytest.raises(refusal) as refused:
            await sign_in_person(
                identity.sign_in, contoso.id, client_id=str(client.app_id), proof=Proof(), username=username,
                password=password, scope="User.Read", origin=ORIGIN,
            )  # fmt: skip
        assert refused.value.parameters == {}


async def test_an_app_not_made_for_passwords_gets_none(identity, contoso):
    application, secret = await identity.register(contoso, scopes=["User.Read"])
    public = await identity.register_public(contoso, "User.Read")

    for client, given, refusal in [
        (application, secret, refusals.ClientGrantRefused),
        (public, "a secret", refusals.ClientIsPublic),
    ]:
        with pytest.raises(refusal):
            await sign_in_person(
                identity.sign_in, contoso.id, client_id=str(client.app_id), proof=Proof(given), username="x",
                password="y", scope="User.Read", origin=ORIGIN,
            )  # fmt: skip


async def test_a_personal_account_signs_in_by_mail_or_phone_through_any_tenants_client(identity, contoso, db):
    phone = f"+4930{new_id().int % 10**7:07d}"
    dana = await identity.add_personal("dana", password="correct horse", phone=phone)
    client = await identity.register_public(contoso, "User.Read", "Chat.ReadWrite")

    for username in (dana.mail, phone, f"+49 (30) {phone[5:8]}-{phone[8:]}"):
        issued = await sign_in_person(
            identity.sign_in, PERSONAL_REALM, client_id=str(client.app_id), proof=Proof(), username=username,
            password="correct horse", scope=DEFAULT, origin=ORIGIN,
        )  # fmt: skip
        bearer = await identity.tokens.verify(issued.access_token, origin=ORIGIN)
        async with db.tenant(PERSONAL_REALM, person=dana.id) as tx:
            caller = await load_caller(tx, bearer, request_id=new_id())
        assert caller.user_id == dana.id
        assert caller.is_personal
        assert caller.permissions == {Permission.CHAT}
        assert not caller.may(Permission.USER_READ), "the realm is no directory (design §4.9)"


async def test_a_personal_account_is_refused_like_anybody(identity, contoso, db):
    phone = f"+49{new_id().int % 10**10:010d}"
    dana, erin = [await identity.add_personal(name, password="correct horse", phone=phone) for name in ("dana", "erin")]
    annie = await contoso.add_person("annie")
    await identity.give_password(contoso, annie, "correct horse")
    client = await identity.register_public(contoso, "User.Read")
    confidential, secret = await identity.register(contoso, scopes=["User.Read"])
    disabled = await identity.register_public(contoso, "User.Read")
    async with db.tenant(contoso.id) as tx:
        await service.disable_application(tx, contoso.operator, disabled.id)

    for who, given, username, password, refusal in [
        (client, None, dana.mail, "wrong horse", refusals.PasswordWrong),
        (client, None, phone, "correct horse", refusals.PasswordWrong),  # two people share it
        (client, None, annie.user_principal_name, "correct horse", refusals.PasswordWrong),  # a work account
        (client, "secret", erin.mail, "correct horse", refusals.ClientIsPublic),
        (confidential, secret, erin.mail, "correct horse", refusals.ClientGrantRefused),
        (disabled, None, erin.mail, "correct horse", refusals.ClientDisabled),
    ]:
        with pytest.raises(refusal):
            await sign_in_person(
                identity.sign_in, PERSONAL_REALM, client_id=str(who.app_id), proof=Proof(given), username=username,
                password=password, scope="User.Read", origin=ORIGIN,
            )  # fmt: skip


async def test_too_many_wrong_passwords_lock_the_name_for_a_while(identity, contoso):
    """Whether anybody has the name or not: a lock tells nobody who exists. The machine clock counts."""
    annie = await contoso.add_person("annie")
    await identity.give_password(contoso, annie, "correct horse")

    for name in (annie.user_principal_name, f"nobody@{contoso.domain}"):
        for _ in range(FAILURES_MAX):
            with pytest.raises(refusals.PasswordWrong):
                await check_password(identity.sign_in, contoso.id, name, "wrong horse")
        with pytest.raises(refusals.AccountLocked) as locked:
            await check_password(identity.sign_in, contoso.id, name.upper(), "correct horse")
        assert 0 < seconds_of(locked.value) <= LOCK_FIRST.total_seconds()

    identity.machine.offset += LOCK_FIRST
    with pytest.raises(refusals.PasswordWrong):
        await check_password(identity.sign_in, contoso.id, annie.user_principal_name, "wrong horse")
    with pytest.raises(refusals.AccountLocked) as again:
        await check_password(identity.sign_in, contoso.id, annie.user_principal_name, "correct horse")
    assert seconds_of(again.value) > LOCK_FIRST.total_seconds(), "each further round lasts twice as long"
    identity.machine.offset += 2 * LOCK_FIRST
    assert (
        await check_password(identity.sign_in, contoso.id, annie.user_principal_name, "correct horse")
    ).id == annie.id
    for _ in range(FAILURES_MAX - 1):
        with pytest.raises(refusals.PasswordWrong):
            await check_password(identity.sign_in, contoso.id, annie.user_principal_name, "wrong horse")


def seconds_of(locked: refusals.AccountLocked) -> int:
    return int(str(locked.parameters["seconds"]))


def test_a_lock_grows_to_an_hour_and_no_further():
    """Somebody else's malice must not lock a person out for days."""
    at = datetime(2026, 11, 20, tzinfo=UTC)

    assert locked_for(FAILURES_MAX - 1, at, now=at) == timedelta(0)
    assert locked_for(FAILURES_MAX, at, now=at) == LOCK_FIRST
    assert locked_for(10_000, at, now=at) == LOCK_MAX
    assert locked_for(10_000, at, now=at + LOCK_MAX) == timedelta(0)


async def test_a_hash_of_older_parameters_is_renewed_at_sign_in(identity, contoso, db):
    annie = await contoso.add_person("annie")
    await identity.give_password(contoso, annie, "correct horse")
    client = await identity.register_public(contoso, "User.Read")
    newer = replace(identity.sign_in, passwords=Passwords(memory_kib=128, passes=1))

    for _ in range(2):
        await sign_in_person(
            newer, contoso.id, client_id=str(client.app_id), proof=Proof(), username=annie.user_principal_name,
            password="correct horse", scope="User.Read", origin=ORIGIN,
        )  # fmt: skip

    async with db.tenant(contoso.id) as tx:
        row = await tx.row(
            "select password_hash from credential where tenant_id = %(tenant_id)s and user_id = %(id)s", id=annie.id
        )
    assert row is not None
    assert "m=128," in row[0]
    newer.passwords.close()
