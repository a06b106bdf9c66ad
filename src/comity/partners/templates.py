"""Templates: what joining an organisation does to partner entries, at our own join and each later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.partners import store
from comity.partners.model import TemplateLevel, Templates

OBJECT: Final = "partner-template"
"""The kind of object that audit names."""
UPDATED: Final = "Update a multi tenant org partner configuration template"


async def get_templates(tx: Transaction, caller: Caller) -> Templates:
    """The tenant's templates.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return await store.load_templates(tx)


async def change_templates(tx: Transaction, caller: Caller, change: Callable[[Templates], Templates]) -> Templates:
    """Change them for the joins to come, never for those that were; `change` is pure.

    `change_templates(tx, caller, lambda _: Templates())` resets them.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    before = await store.lock_templates(tx)
    after = change(before)
    if after != before:
        await store.save_templates(tx, after)
        await record(tx, caller, Record(UPDATED, OBJECT, None, before=_facts(before), after=_facts(after)))
    return after


def _facts(templates: Templates) -> Facts:
    return {
        "partner": asdict(templates.partner),
        "partnerLevel": _names(templates.partner_level),
        "userSync": templates.user_sync,
        "syncLevel": _names(templates.sync_level),
    }


def _names(level: TemplateLevel) -> list[str]:
    return [str(each.name).lower() for each in (TemplateLevel.NEW, TemplateLevel.EXISTING) if each in level]
