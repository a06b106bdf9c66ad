"""The tenant's own people, and how scripts name them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from comity.access.assignments.service import list_direct_policies
from comity.cli.cmdlets.cmdlet import Answer, Cmdlet, Given, Inlet, Parameter, Tenant
from comity.cli.cmdlets.errors import IdentityWildcard, ValueMistyped
from comity.cli.cmdlets.kinds import FILTER, SIZE, TEXT
from comity.cli.cmdlets.values import Record, Shape, Unknown
from comity.directory.model import User, UserAmbiguous, UserUnknown
from comity.directory.service import list_users, resolve_user

PAGE_SIZE: Final = 1000
ONLINE_USER: Final = Shape(
    "OnlineUser",
    {
        "UserPrincipalName": "text", "DisplayName": "text", "Identity": "text", "Enabled": "bool",
        "ExternalAccessPolicy": "text",
    },
    stands_for="UserPrincipalName",
)  # fmt: skip


async def find_user(tenant: Tenant, text: str) -> User:
    """Somebody of the tenant's own, by id, userPrincipalName, mail, `sip:` address or display name.

    Raises:
        UserUnknown, UserAmbiguous, IdentityWildcard.
    """
    name = text.strip()
    if name[:4].lower() == "sip:":
        name = name[4:]
    if not name or any(each in name for each in "*?"):
        raise IdentityWildcard(identity=text)
    try:
        found = await resolve_user(tenant.tx, tenant.caller, name)
    except UserUnknown:
        named = [each async for each in own_users(tenant) if each.display_name.casefold() == name.casefold()]
        if len(named) > 1:
            raise UserAmbiguous(user=text, candidates=[each.user_principal_name for each in named]) from None
        if not named:
            raise
        return named[0]
    if found.is_external:
        raise UserUnknown(user=text)
    return found


async def own_users(tenant: Tenant) -> AsyncIterator[User]:
    """Every living account of the tenant's own."""
    last = None
    while page := await list_users(tenant.tx, tenant.caller, after=last, at_most=PAGE_SIZE):
        for each in page:
            if not each.is_external:
                yield each
        last = page[-1].id


async def user_records(tenant: Tenant, users: list[User]) -> list[Record]:
    """People as `Get-CsOnlineUser` returns them: with the policy that they were granted directly."""
    granted = await list_direct_policies(tenant.tx, tenant.caller, [each.id for each in users])
    return [
        Record(
            ONLINE_USER,
            {
                "UserPrincipalName": each.user_principal_name, "DisplayName": each.display_name,
                "Identity": str(each.id), "Enabled": each.account_enabled,
                "ExternalAccessPolicy": granted.get(each.id),
            },
        )
        for each in users
    ]  # fmt: skip


def _check(given: Given) -> None:
    if (size := given.known("ResultSize")) is not None and size < 0:
        raise ValueMistyped(parameter="ResultSize", wanted="a number from 0", given=str(size))
    if (condition := given.known("Filter")) is not None:
        condition.test(Unknown(ONLINE_USER), bare=True)


async def _get(tenant: Tenant, given: Given) -> Answer:
    if (identity := given.get("Identity")) is not None:
        return Answer(await user_records(tenant, [await find_user(tenant, identity)]))
    condition, size = given.get("Filter"), given.get("ResultSize")
    results: list[Any] = []
    waiting: list[User] = []

    async def sift() -> None:
        records = await user_records(tenant, waiting)
        results.extend(each for each in records if condition is None or condition.test(each, bare=True))
        waiting.clear()

    async for user in own_users(tenant):
        waiting.append(user)
        if len(waiting) == PAGE_SIZE:
            await sift()
            if size is not None and len(results) >= size:
                break
    await sift()
    return Answer(results if size is None else results[:size])


CMDLETS: Final = (
    Cmdlet(
        "Get-CsOnlineUser",
        "Lists the tenant's own people, each with the policy that was granted directly.",
        (
            Parameter("Identity", TEXT, "One person: userPrincipalName, mail, id or display name.", position=0),
            Parameter("Filter", FILTER, "Those for whom it holds, such as `{ExternalAccessPolicy -eq 'Sales'}`."),
            Parameter("ResultSize", SIZE, "At most so many; `Unlimited` is the default."),
        ),
        exclusive=(("Identity", "Filter"),),
        inlets=(Inlet(None, {"Identity": ""}),),
        returns=ONLINE_USER,
        check=_check,
        ask=_get,
    ),
)
