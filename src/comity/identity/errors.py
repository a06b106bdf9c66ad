"""What can go wrong when somebody signs in, shows a token, or manages credentials.

Refused sign-ins carry the OAuth error (RFC 6749 §5.2) and the number that Entra's clients know
(`AADSTS…`); the words come from the catalogue like all others.
"""

from __future__ import annotations

from typing import ClassVar

from comity.core.errors import ComityError, Conflict, Forbidden, Invalid, NotFound, Unavailable


class SignInRefused(Forbidden):
    """A token endpoint says no; `error` and `number` are what clients branch on."""

    code = "sign-in-refused"
    error: ClassVar[str] = "invalid_request"
    number: ClassVar[int] = 9002313


class ParameterMissing(SignInRefused):
    """The form lacks a parameter that the grant needs."""

    code = "oauth-parameter-missing"
    number = 900144


class GrantUnsupported(SignInRefused):
    """No such grant type here."""

    code = "oauth-grant-unsupported"
    error = "unsupported_grant_type"
    number = 70003


class SignInTenantUnknown(SignInRefused):
    """The address names no tenant of this installation."""

    code = "oauth-tenant-unknown"
    number = 90002


class TenantNotConcrete(SignInRefused):
    """An app signs in to one tenant; `common` and `organizations` name none."""

    code = "oauth-tenant-not-concrete"
    number = 50194


class ConsumersNotForApps(SignInRefused):
    """Personal accounts have no apps of their own."""

    code = "oauth-consumers-not-for-apps"
    number = 9002332


class ClientUnknown(SignInRefused):
    """No app of that id is registered in the tenant."""

    code = "oauth-client-unknown"
    error = "unauthorized_client"
    number = 700016


class ClientDisabled(SignInRefused):
    """The app has been disabled."""

    code = "oauth-client-disabled"
    error = "unauthorized_client"
    number = 7000112


class ClientGrantRefused(SignInRefused):
    """The app may not use this grant."""

    code = "oauth-client-grant-refused"
    error = "unauthorized_client"
    number = 70001


class ClientSecretMissing(SignInRefused):
    """A confidential client has to prove who it is."""

    code = "oauth-client-secret-missing"
    error = "invalid_client"
    number = 7000218


class ClientIsPublic(SignInRefused):
    """A public client keeps no secret, so it must not present one."""

    code = "oauth-client-public"
    error = "invalid_client"
    number = 700025


class ClientSecretWrong(SignInRefused):
    """That is none of the app's secrets."""

    code = "oauth-client-secret-wrong"
    error = "invalid_client"
    number = 7000215


class ClientSecretExpired(SignInRefused):
    """The secret was right, and is too old."""

    code = "oauth-client-secret-expired"
    error = "invalid_client"
    number = 7000222


class ScopeInvalid(SignInRefused):
    """The scope cannot be read, or does not fit the grant."""

    code = "oauth-scope-invalid"
    error = "invalid_scope"
    number = 70011


class ResourceUnknown(SignInRefused):
    """The scope names a resource that is not this service."""

    code = "oauth-resource-unknown"
    error = "invalid_resource"
    number = 500011


class ConsentMissing(SignInRefused):
    """The app was not registered for that delegated permission."""

    code = "oauth-consent-missing"
    error = "invalid_grant"
    number = 65001


class PasswordWrong(SignInRefused):
    """Unknown name or wrong password: one answer for both, so that nobody can try out names."""

    code = "oauth-password-wrong"
    error = "invalid_grant"
    number = 50126


class AccountDisabled(SignInRefused):
    """The password was right, and the account may not sign in."""

    code = "oauth-account-disabled"
    error = "invalid_grant"
    number = 50057


class TokenRefused(ComityError):
    """A bearer token that opens nothing; subclasses say why."""

    code = "token-refused"


class TokenMissing(TokenRefused):
    """No bearer token was sent."""

    code = "token-missing"


class TokenMalformed(TokenRefused):
    """Not a token of ours: unreadable, or lacking what each of ours has."""

    code = "token-malformed"


class TokenUntrusted(TokenRefused):
    """Signed by nobody we know."""

    code = "token-untrusted"


class TokenExpired(TokenRefused):
    """Its time is over, or has not come."""

    code = "token-expired"


class TokenAudienceWrong(TokenRefused):
    """Made for somebody else."""

    code = "token-audience-wrong"


class TokenRevoked(TokenRefused):
    """The principal is gone or disabled, or the token is older than the last revocation."""

    code = "token-revoked"


class PermissionUnknown(Invalid):
    """No application permission of that name; names those there are."""

    code = "permission-unknown"


class ApplicationNameEmpty(Invalid):
    """An application needs a name."""

    code = "application-name-empty"


class ApplicationUnknown(NotFound):
    """No application of that id in the tenant."""

    code = "application-unknown"


class PublicClientSecret(Conflict):
    """A public client cannot keep a secret."""

    code = "public-client-secret"


class PasswordUnfit(Invalid):
    """Too short or too long; says the bounds."""

    code = "password-unfit"


class OldPasswordWrong(Invalid):
    """The password that is to be replaced is another one."""

    code = "old-password-wrong"


class PasswordsBusy(Unavailable):
    """Too many passwords are being checked at once."""

    code = "passwords-busy"


class RoleUnknown(Invalid):
    """No directory role of that name or template id; names those there are."""

    code = "role-unknown"


class LinkInvalid(Invalid):
    """The one-time link is unreadable, used or too old."""

    code = "link-invalid"


class SecretKeyExposed(ComityError):
    """Others on the machine can read the sealing key."""

    code = "secret-key-exposed"


class SecretKeyUnreadable(ComityError):
    """The sealing key's file cannot be used."""

    code = "secret-key-unreadable"


class SealBroken(ComityError):
    """The sealing key does not open what was sealed."""

    code = "seal-broken"


class SigningKeyYoung(Conflict):
    """The next signing key has not been published long enough to be used."""

    code = "signing-key-young"
