"""A body for each form that routes take, such as is accepted from whoever may send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    "NewSubscription": {
        "changeType": "updated",
        "notificationUrl": "https://hooks.nowhere.example/",
        "resource": "users",
        "expirationDateTime": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    },
    "NewPlan": {"jobId": SOMEBODY},
    "NewOrganization": {"displayName": "Ours"},
    "NewMember": {"tenantId": SOMEBODY, "displayName": "Theirs"},
    "RoleChange": {"role": "member"},
    "JoinRequest": {"addedByTenantId": SOMEBODY},
    "NewPartner": {"tenantId": SOMEBODY},
    "Activation": {"roleTemplateId": "62e90394-69f5-4237-9190-012177145e10"},
    "NewAssignment": {
        "principalId": SOMEBODY,
        "resourceId": SOMEBODY,
        "appRoleId": SOMEBODY,
    },
    "NewRoleAssignment": {
        "principalId": SOMEBODY,
        "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
    },
    "NewApplication": {"displayName": "Mine"},
    "ApplicationChange": {"description": "Mine now"},
    "PrincipalChange": {"description": "Mine now"},
    "NewPrincipal": {"appId": SOMEBODY},
    "PasswordRemoval": {"keyId": SOMEBODY},
    "Instance": {"displayName": "Mine"},
    "NewGrant": {"clientId": SOMEBODY, "consentType": "AllPrincipals", "resourceId": SOMEBODY},
    "GrantChange": {"scope": "User.Read.All"},
    "OwnedBy": {"userId": SOMEBODY},
    "NewJob": {"templateId": "Azure2Azure"},
    "Secrets": {"value": [{"key": "CompanyId", "value": SOMEBODY}]},
    "Demands": {
        "parameters": [{"ruleId": "x", "subjects": [{"objectId": SOMEBODY, "objectTypeName": "User"}]}],
    },
    "Expression": {"expression": "[displayName]"},
    "Schema": {"synchronizationRules": []},
    "TokenRequest": {"credentials": []},
    "Invitation": {"invitedUserEmailAddress": "x@nowhere.example", "inviteRedirectUrl": "https://x.example"},
    "Assignments": {"value": []},
}
