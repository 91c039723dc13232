"""The revocation reasons of RFC 5280 section 5.3.1."""

from enum import IntEnum


class Reason(IntEnum):
    """CRLReason codes; 7 is unused in the standard, so `Reason(7)` is a ValueError."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10
