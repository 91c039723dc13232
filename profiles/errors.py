"""What this package refuses, as types: every hostile input ends in one of these and never in a traceback."""


class ProfilesError(Exception):
    """Root of the family; a caller that only wants to say no catches this one."""


class OffenceError(ProfilesError):
    """One named value was outside what is allowed.

    `key` names the value, `found` describes it (never quoting personal data), `allowed` says what would pass.
    """

    def __init__(self, key: str, found: object, allowed: str) -> None:
        super().__init__(f"{key}: found {found}, allowed {allowed}")
        self.key = key
        self.found = found
        self.allowed = allowed


class ProfileError(OffenceError):
    """A profile is malformed or asks for more than profiles/policy.py permits."""


class SubjectError(OffenceError):
    """A subject (or alternative name) cannot go into a certificate."""


class IssuerError(OffenceError):
    """The issuer's name, key identifier, algorithm or URL is unusable."""


class CertificateValueError(OffenceError):
    """A serial number, time or encoded structure given for one certificate is unusable."""


class WeakKey(ProfilesError):
    """The public key is malformed, known to be weak, or of a type that the profile does not allow."""
