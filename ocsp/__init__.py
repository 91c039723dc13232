"""OCSP (RFC 6960, 5019, 9654): requests and responses as DER, the cache, the responder, its WSGI callable."""

from .answer import Answer
from .certid import CertId, CertIdWriter, HashAlgorithm, serial_in
from .errors import ImpossibleResponse, MalformedRequest, OcspError, SignerNotValid
from .issuer import ServedIssuer
from .observer import Counts, Observer
from .presign import presign
from .request import OcspRequest, parse_request
from .responder import Policy, Responder
from .response import (
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    TRY_LATER,
    UNAUTHORIZED,
    Signing,
    build_response,
    completed,
    shortened,
)
from .signer import ResponderKey
from .status import Changes, Good, Revoked, Status, StatusSource, Unknown
from .store import AnswerStore, StoredAnswer
from .wsgi import OcspApplication

__all__ = [
    "INTERNAL_ERROR",
    "MALFORMED_REQUEST",
    "TRY_LATER",
    "UNAUTHORIZED",
    "Answer",
    "AnswerStore",
    "CertId",
    "CertIdWriter",
    "Changes",
    "Counts",
    "Good",
    "HashAlgorithm",
    "ImpossibleResponse",
    "MalformedRequest",
    "Observer",
    "OcspApplication",
    "OcspError",
    "OcspRequest",
    "Policy",
    "Responder",
    "ResponderKey",
    "Revoked",
    "ServedIssuer",
    "SignerNotValid",
    "Signing",
    "Status",
    "StatusSource",
    "StoredAnswer",
    "Unknown",
    "build_response",
    "completed",
    "parse_request",
    "presign",
    "serial_in",
    "shortened",
]
