"""What can go wrong between a request and its answer."""


class OcspError(Exception):
    """Root of this package's errors; a caller that catches it has caught them all."""


class MalformedRequest(OcspError, ValueError):
    """The bytes are not an OCSP request of RFC 6960 section 4.1; the message says where reading stopped."""


class ImpossibleResponse(OcspError, ValueError):
    """The caller asked for a response that RFC 6960 does not allow, or gave certificates that do not fit."""


class SignerNotValid(OcspError):
    """The delegated signer's certificate is not valid now: nothing can be signed until there is another."""
