"""A body for each form that routes take, such as is accepted from whoever may send it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

SOMEBODY = str(UUID(int=1))

BODIES: dict[str, Any] = {
    "UserDraft": {
        "accountEnabled": True,
        "displayName": "Eve",
        "mailNickname": "eve",
        "userPrincipalName": "eve@nowhere.example",
        "passwordProfile": {"password": "correct horse"},
    },
    "UserChange": {"city": "Elsewhere"},
    "Reference": {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{SOMEBODY}"},
    "PasswordChange": {"currentPassword": "correct horse", "newPassword": "incorrect horse"},
    "GroupIds": {"groupIds": [SOMEBODY]},
    "ObjectIds": {"ids": [SOMEBODY]},
    "SecurityOnly": {"securityEnabledOnly": False},
    "PasswordCheck": {"password": "correct horse"},
    "NewGroup": {"displayName": "Mine", "mailNickname": "mine", "mailEnabled": False, "securityEnabled": True},
    "GroupChange": {"description": "Mine now"},
    "OrganizationChange": {"technicalNotificationMails": ["eve@nowhere.example"]},
    "NewDomain": {"id": "nowhere.example"},
    "DomainChange": {"isDefault": True},
    "RawBatch": {"requests": []},
}
