"""Applications, passwords, roles, links and the callers that follow from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from comity.audit.service import list_for_object
from comity.core.caller import Caller, PrincipalKind
from comity.core.errors import PermissionMissing
from comity.core.ids import AppId, PrincipalId, TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.directory.model import UserUnknown
from comity.directory.service import delete_users
from comity.identity import service
from comity.identity.callers import load_caller
from comity.identity.errors import (
    ApplicationNameEmpty,
    ApplicationUnknown,
    LinkInvalid,
    PermissionUnknown,
    PublicClientSecret,
    RoleUnknown,
    TokenRevoked,
)
from comity.identity.model import Bearer, LinkPurpose
from comity.identity.roles import DirectoryRole


def bearer_of(org, principal_id, app_id, *scopes, kind=PrincipalKind.USER, issued_at_s=0) -> Bearer:
    return Bearer(org.id, PrincipalId(principal_id), kind, AppId(app_id), frozenset(scopes), issued_at_s)


async def load(db, org, bearer) -> Caller:
    async with db.tenant(org.id) as tx:
        return await load_caller(tx, bearer, request_id=new_id())


async def test_a_secret_is_shown_once_and_kept_as_a_hash(identity, contoso, db):
    application, secret = await identity.register(contoso)

    async with db.tenant(contoso.id) as tx:
        stored = await tx.row(
            "select secret_sha256, hint from application_secret"
            " where tenant_id = %(tenant_id)s and application_id = %(id)s",
            id=application.id,
        )
        written = str(await list_for_object(tx, contoso.operator, application.id))

    assert stored is not None
    assert len(secret) >= 43, "256 bit in base64"
    assert bytes(stored[0]) == service.digest(secret)
    assert secret.startswith(stored[1])
    assert len(stored[1]) <= 3
    assert secret not in written


async def test_an_app_has_the_rights_of_its_row_now(identity, contoso, db):
    """Roles and enabled state come from the row at each request, not from the token (design §7)."""
    application, _ = await identity.register(contoso, permissions=["User.Read.All"])
    bearer = bearer_of(contoso, application.id, application.app_id, kind=PrincipalKind.APP)

    before = await load(db, contoso, bearer)
    async with db.tenant(contoso.id) as tx:
        await service.disable_application(tx, contoso.operator, application.id)

    assert before.permissions == {Permission.USER_READ}
    assert before.name == "Robot"
    with pytest.raises(TokenRevoked):
        await load(db, contoso, bearer)


async def test_an_app_is_known_in_its_own_tenant_only(identity, contoso, fabrikam, db):
    application, _ = await identity.register(contoso)
    bearer = bearer_of(fabrikam, application.id, application.app_id, kind=PrincipalKind.APP)

    with pytest.raises(TokenRevoked):
        await load(db, fabrikam, bearer)
    with pytest.raises(TokenRevoked):
        await load(db, contoso, replace(bearer, app_id=AppId(new_id())))


async def test_a_person_has_what_she_and_her_app_both_have(identity, contoso, db):
    annie = await contoso.add_person("annie")
    client = await identity.register_public(contoso, "User.Read", "User.ReadWrite.All")
    bearer = bearer_of(contoso, annie.id, client.app_id, "User.ReadWrite.All")

    member = await load(db, contoso, bearer)
    async with db.tenant(contoso.id) as tx:
        assert await service.assign_role(tx, contoso.operator, DirectoryRole.USER_ADMINISTRATOR, annie.id)
        assert not await service.assign_role(tx, contoso.operator, DirectoryRole.USER_ADMINISTRATOR, annie.id)
    admin = await load(db, contoso, bearer)
    async with db.tenant(contoso.id) as tx:
        assert await service.unassign_role(tx, contoso.operator, DirectoryRole.USER_ADMINISTRATOR, annie.id)
    again = await load(db, contoso, bearer)

    assert member.may(Permission.USER_READ)
    assert not member.may(Permission.USER_WRITE)
    assert not member.may(Permission.GROUP_READ), "she may, the app may not"
    assert admin.may(Permission.USER_WRITE)
    assert admin.roles == {"User Administrator"}
    assert not again.may(Permission.USER_WRITE)


async def test_a_scope_that_the_app_never_had_gives_nothing(identity, contoso, db):
    """The token says what was asked; the app's row says what may be asked."""
    annie = await contoso.add_person("annie")
    client = await identity.register_public(contoso, "User.Read")

    caller = await load(db, contoso, bearer_of(contoso, annie.id, client.app_id, "User.Read.All"))

    assert not caller.may(Permission.USER_READ)


async def test_a_person_disabled_deleted_or_signed_out_a_second_ago_is_out(identity, contoso, db):
    client = await identity.register_public(contoso, "User.Read")
    disabled, deleted, signed_out = [await contoso.add_person(each) for each in ("annie", "bob", "charlie")]
    now = int(identity.machine.now().timestamp())
    bearers = [bearer_of(contoso, each.id, client.app_id, issued_at_s=now) for each in (disabled, deleted, signed_out)]
    for bearer in bearers:
        assert (await load(db, contoso, bearer)).principal_id == bearer.principal_id

    await contoso.change(disabled, account_enabled=False)
    async with db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [deleted.id])
        later = identity.machine.now() + timedelta(seconds=2)
        await service.revoke_tokens(tx, contoso.operator, signed_out.id, at=later)

    for bearer in bearers:
        with pytest.raises(TokenRevoked):
            await load(db, contoso, bearer)
    fresh = replace(bearers[2], issued_at_s=now + 3)
    assert (await load(db, contoso, fresh)).user_id == signed_out.id


async def test_a_token_of_an_app_that_is_gone_opens_nothing(identity, contoso, db):
    annie = await contoso.add_person("annie")
    client = await identity.register_public(contoso, "User.Read")
    async with db.tenant(contoso.id) as tx:
        await service.disable_application(tx, contoso.operator, client.id)

    for app_id in (client.app_id, AppId(new_id())):
        with pytest.raises(TokenRevoked):
            await load(db, contoso, bearer_of(contoso, annie.id, app_id, "User.Read"))


async def test_registering_takes_a_name_known_permissions_and_a_right(contoso, db):
    annie = contoso.as_user(await contoso.add_person("annie"), permissions=frozenset({Permission.USER_READ}))
    async with db.tenant(contoso.id) as tx:
        with pytest.raises(ApplicationNameEmpty):
            await service.register_application(tx, contoso.operator, name="  ")
        with pytest.raises(PermissionUnknown):
            await service.register_application(tx, contoso.operator, name="x", permissions=["Mail.Read"])
        with pytest.raises(PermissionUnknown):
            await service.register_application(tx, contoso.operator, name="x", scopes=["Mail.Read"])
        for attempt in (
            service.register_application(tx, annie, name="x"),
            service.list_applications(tx, annie),
            service.disable_application(tx, annie, PrincipalId(new_id())),
            service.add_secret(tx, annie, PrincipalId(new_id()), at=tx.now),
            service.remove_secret(tx, annie, PrincipalId(new_id()), new_id()),
            service.assign_role(tx, annie, DirectoryRole.GLOBAL_ADMINISTRATOR, annie.user_id),
            service.unassign_role(tx, annie, DirectoryRole.GLOBAL_ADMINISTRATOR, annie.user_id),
            service.create_link(tx, annie, annie.user_id, purpose=LinkPurpose.INVITATION, at=tx.now),
            service.revoke_tokens(tx, annie, UserId(new_id()), at=tx.now),
        ):
            with pytest.raises(PermissionMissing):
                await attempt


async def test_secrets_are_for_confidential_clients_and_can_be_taken_away(identity, contoso, db):
    public = await identity.register_public(contoso, "User.Read")
    application, _ = await identity.register(contoso)
    async with db.tenant(contoso.id) as tx:
        with pytest.raises(PublicClientSecret):
            await service.add_secret(tx, contoso.operator, public.id, at=tx.now)
        with pytest.raises(ApplicationUnknown):
            await service.add_secret(tx, contoso.operator, PrincipalId(new_id()), at=tx.now)
        second = await service.add_secret(tx, contoso.operator, application.id, at=tx.now)
        await service.remove_secret(tx, contoso.operator, application.id, second.id)
        with pytest.raises(ApplicationUnknown):
            await service.remove_secret(tx, contoso.operator, application.id, second.id)
        assert second.value not in repr(second)


async def test_applications_are_listed_page_by_page(identity, contoso, db):
    registered = [(await identity.register(contoso, secret=False))[0].id for _ in range(3)]

    async with db.tenant(contoso.id) as tx:
        first = await service.list_applications(tx, contoso.operator, at_most=2)
        rest = await service.list_applications(tx, contoso.operator, after=first[-1].id, at_most=2)

    assert [each.id for each in [*first, *rest]] == sorted(registered)


async def test_a_one_time_link_sets_a_password_once(identity, contoso, fabrikam, db):
    """The first admin's way in (design §5.2): the token is stored as a hash, and works once, in time, at home."""
    annie = await contoso.add_person("annie")
    now = identity.machine.now()
    async with db.tenant(contoso.id) as tx:
        link = await service.create_link(tx, contoso.operator, annie.id, purpose=LinkPurpose.FIRST_ADMIN, at=now)
    hashed = await identity.passwords.hash("correct horse")

    async def redeem(org, token, at) -> UserId:
        async with db.tenant(org.id) as tx:
            return await service.redeem_link(tx, org.operator, token, hashed, at=at)

    assert service.link_tenant(link.token) == contoso.id
    for org, token, at in [
        (contoso, link.token, link.expires_at),
        (contoso, link.token[:-1], now),
        (fabrikam, link.token, now),
        (contoso, "nonsense", now),
        (contoso, "a.b.c", now),
    ]:
        with pytest.raises(LinkInvalid):
            await redeem(org, token, at)
    assert await redeem(contoso, link.token, now) == annie.id
    with pytest.raises(LinkInvalid):
        await redeem(contoso, link.token, now)
    assert link.token not in repr(link)


async def test_roles_are_named_as_in_graph(contoso, db):
    annie = await contoso.add_person("annie")
    async with db.tenant(contoso.id) as tx:
        await service.assign_role(tx, contoso.operator, service.resolve_role("global administrator"), annie.id)
        with pytest.raises(UserUnknown):
            await service.assign_role(tx, contoso.operator, DirectoryRole.GLOBAL_READER, UserId(new_id()))

        assert await service.list_roles(tx, contoso.operator, annie.id) == [DirectoryRole.GLOBAL_ADMINISTRATOR]
    with pytest.raises(RoleUnknown):
        service.resolve_role("King")


async def test_a_client_id_is_one_applications_alone(identity, contoso, fabrikam, db):
    """Named by its id alone at the sign-in of personal accounts, so it may not mean two."""
    application, _ = await identity.register(contoso)
    async with db.tenant(fabrikam.id) as tx:
        found = await tx.row("select application_home_get(%(id)s)", id=application.app_id)

    assert found is not None
    assert TenantId(found[0]) == contoso.id
