"""Refused sign-ins: the OAuth error (RFC 6749 §5.2) and the number that Entra's clients know (`AADSTS…`).

The words come from the catalogue like all others.
"""

from __future__ import annotations

from typing import ClassVar

from comity.core.errors import Forbidden


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


class AssertionMalformed(SignInRefused):
    """The client assertion cannot be read, or is not signed as it has to be."""

    code = "oauth-assertion-malformed"
    error = "invalid_client"
    number = 50027


class AssertionKeyUnknown(SignInRefused):
    """The client assertion names no certificate of the app."""

    code = "oauth-assertion-key-unknown"
    error = "invalid_client"
    number = 700027


class AssertionExpired(SignInRefused):
    """The client assertion's time is over, has not come, or lasts too long."""

    code = "oauth-assertion-expired"
    error = "invalid_client"
    number = 700024


class AssertionAudienceWrong(SignInRefused):
    """The client assertion was made for somebody else."""

    code = "oauth-assertion-audience"
    error = "invalid_client"
    number = 700023


class AssertionClientWrong(SignInRefused):
    """The client assertion speaks of another client."""

    code = "oauth-assertion-client"
    error = "invalid_client"
    number = 700021


class CertificateExpired(SignInRefused):
    """The app's certificate is too old."""

    code = "oauth-certificate-expired"
    error = "invalid_client"
    number = 700030


class RedirectUnregistered(SignInRefused):
    """The app was not registered with that address to come back to."""

    code = "oauth-redirect-unregistered"
    error = "invalid_request"
    number = 50011


class ResponseTypeUnsupported(SignInRefused):
    """Only authorization codes are given out here."""

    code = "oauth-response-type"
    error = "unsupported_response_type"
    number = 700054


class ResponseModeUnsupported(SignInRefused):
    """No such way to hand the code over."""

    code = "oauth-response-mode"
    error = "invalid_request"
    number = 70007


class ChallengeMissing(SignInRefused):
    """A public client proves with PKCE that the code is for itself."""

    code = "oauth-challenge-missing"
    error = "invalid_request"
    number = 9002325


class ChallengeUnfit(SignInRefused):
    """The code challenge cannot be used; only S256 is."""

    code = "oauth-challenge-unfit"
    error = "invalid_request"
    number = 501491


class VerifierWrong(SignInRefused):
    """The code verifier does not fit the code challenge."""

    code = "oauth-verifier-wrong"
    error = "invalid_grant"
    number = 501481


class CodeInvalid(SignInRefused):
    """No such authorization code, or it was made for another client or address."""

    code = "oauth-code-invalid"
    error = "invalid_grant"
    number = 70000


class CodeUsed(SignInRefused):
    """The authorization code was redeemed before; what came of it has ended."""

    code = "oauth-code-used"
    error = "invalid_grant"
    number = 54005


class CodeExpired(SignInRefused):
    """The authorization code is too old."""

    code = "oauth-code-expired"
    error = "invalid_grant"
    number = 70008


class RefreshInvalid(SignInRefused):
    """No such refresh token, or it was made for another client or tenant."""

    code = "oauth-refresh-invalid"
    error = "invalid_grant"
    number = 70000


class RefreshExpired(SignInRefused):
    """The refresh token was not used for too long."""

    code = "oauth-refresh-expired"
    error = "invalid_grant"
    number = 700082


class RefreshReused(SignInRefused):
    """The refresh token was used before; somebody else may have it, so its successors have ended, too."""

    code = "oauth-refresh-reused"
    error = "invalid_grant"
    number = 50173


class GrantEnded(SignInRefused):
    """What the person had allowed has ended: signed out, revoked, or a new password."""

    code = "oauth-grant-ended"
    error = "invalid_grant"
    number = 50173


class AccountLocked(SignInRefused):
    """Too many wrong passwords of late under this name, whether it exists or not."""

    code = "oauth-account-locked"
    error = "invalid_grant"
    number = 50053


class NotHere(SignInRefused):
    """The person is signed in at home and has no account in this tenant."""

    code = "oauth-not-here"
    error = "invalid_grant"
    number = 50020


class AudienceWrong(SignInRefused):
    """Accounts of that kind cannot sign in at this address."""

    code = "oauth-audience-wrong"
    error = "invalid_request"
    number = 50020


class SignInNeeded(SignInRefused):
    """The client asked for an answer without a page, and nobody is signed in."""

    code = "oauth-sign-in-needed"
    error = "login_required"
    number = 50058


class InteractionNeeded(SignInRefused):
    """The client asked for an answer without a page, and the person has to be asked something."""

    code = "oauth-interaction-needed"
    error = "interaction_required"
    number = 65001


class ConsentDeclined(SignInRefused):
    """The person said no."""

    code = "oauth-consent-declined"
    error = "access_denied"
    number = 65004


class DevicePending(SignInRefused):
    """Nobody has answered for the device yet."""

    code = "oauth-device-pending"
    error = "authorization_pending"
    number = 70016


class DeviceTooFast(SignInRefused):
    """The device asks more often than it was told to."""

    code = "oauth-device-too-fast"
    error = "slow_down"
    number = 70016


class DeviceDeclined(SignInRefused):
    """The person said no to the device."""

    code = "oauth-device-declined"
    error = "authorization_declined"
    number = 70020


class DeviceExpired(SignInRefused):
    """Nobody answered for the device in time."""

    code = "oauth-device-expired"
    error = "expired_token"
    number = 70019


class DeviceCodeInvalid(SignInRefused):
    """No such device code."""

    code = "oauth-device-code-invalid"
    error = "bad_verification_code"
    number = 70018


class UpstreamRefused(SignInRefused):
    """The tenant's own sign-in service did not vouch for anybody."""

    code = "oauth-upstream-refused"
    error = "access_denied"
    number = 50107
