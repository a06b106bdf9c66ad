"""What can go wrong when somebody shows a token, or manages credentials; refused sign-ins are `refusals`."""

from __future__ import annotations

from comity.core.errors import ComityError, Conflict, Invalid, NotFound, Throttled, Unavailable


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


class RedirectInvalid(Invalid):
    """No address to come back to: it has to be absolute and without a fragment, HTTPS unless on the device itself."""

    code = "redirect-invalid"


class CertificateUnfit(Invalid):
    """Not a certificate with an RSA key of at least 2048 bit in PEM form."""

    code = "certificate-unfit"


class DeviceCodeUnknown(NotFound):
    """Nobody waits under that code, or not any more."""

    code = "device-code-unknown"


class TooManyAttempts(Throttled):
    """Too many tries of late from the same place."""

    code = "too-many-attempts"


class SessionUnknown(NotFound):
    """No such session of the person."""

    code = "session-unknown"


class UpstreamUnreachable(Unavailable):
    """The tenant's own sign-in service does not answer, or not in the form it should."""

    code = "upstream-unreachable"


class UpstreamInvalid(Invalid):
    """The sign-in service's settings cannot be used."""

    code = "upstream-invalid"


class RegistrationInvalid(Invalid):
    """The confirmation is unreadable, used or too old."""

    code = "registration-invalid"


class PhoneCodeWrong(Invalid):
    """Not the code that was sent, or it was sent too long ago."""

    code = "phone-code-wrong"


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


class AssignmentExists(Invalid):
    """Somebody, or an application, has that role already."""

    code = "role-assignment-exists"
