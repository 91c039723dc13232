"""OCSP (RFC 6960, 5019, 9654): requests and responses as DER, the cache, the responder, its WSGI callable."""

from .answer import Answer
from .errors import ImpossibleResponse, MalformedRequest, OcspError, SignerExpired
from .request import CertId, OcspRequest, parse_request
from .responder import Policy, Responder, ServedIssuer
from .response import (
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    TRY_LATER,
    UNAUTHORIZED,
    ResponderKey,
    build_response,
)
from .status import Changes, Good, Revoked, Status, StatusSource, Unknown
from .wsgi import OcspApplication

__all__ = [
    "INTERNAL_ERROR",
    "MALFORMED_REQUEST",
    "TRY_LATER",
    "UNAUTHORIZED",
    "Answer",
    "CertId",
    "Changes",
    "Good",
    "ImpossibleResponse",
    "MalformedRequest",
    "OcspApplication",
    "OcspError",
    "OcspRequest",
    "Policy",
    "Responder",
    "ResponderKey",
    "Revoked",
    "ServedIssuer",
    "SignerExpired",
    "Status",
    "StatusSource",
    "Unknown",
    "build_response",
    "parse_request",
]
