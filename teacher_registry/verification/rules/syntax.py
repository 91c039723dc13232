"""The forms of names: hosts, mailboxes, URIs (RFC 1034 §3.5 as RFC 5280 §4.2.1.6 uses it)."""

import re
from urllib.parse import urlsplit

_MAX_HOST = 253
# The underscore is no letter of RFC 1034 and in wide use; it has no power in a comparison.
_HOST = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
)
# RFC 5321 §4.1.2 without quoted strings: the local part is compared octet for octet, so nothing may hide in it.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def is_host(text: str) -> bool:
    """A host name in the preferred syntax: labels of letters, digits and inner hyphens."""
    return len(text) <= _MAX_HOST and _HOST.fullmatch(text) is not None


def is_wildcard(text: str) -> bool:
    """ "*." and a host name: the only form of a wildcard that anyone honours (RFC 9525 §6.3)."""
    return text.startswith("*.") and is_host(text[2:])


def is_mailbox(text: str) -> bool:
    """local-part@host, one @."""
    local, _, host = text.rpartition("@")
    return _LOCAL.fullmatch(local) is not None and is_host(host)


def is_uri(text: str) -> bool:
    """Absolute: a scheme and something after it (RFC 5280 §4.2.1.6); ASCII."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and text.isascii() and text.isprintable()
