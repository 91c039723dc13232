"""The client certificate as a trusted proxy writes it into a header: two formats, each strict.

Nothing here is believed because of its content: `proxied.py` sees to it that only the configured proxy can have
written the header. A value that does not read is kept as octets that are no certificate, so that the person
gets the page "malformed" instead of the one for those without a certificate.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----\s*")
# RFC 8941 §3.3.5, a byte sequence: base64 between colons.
_BYTE_SEQUENCE = re.compile(rb":([A-Za-z0-9+/]*={0,2}):")
UNREADABLE = b"\0"


def from_escaped_pem(value: bytes) -> bytes:
    """nginx's $ssl_client_escaped_cert: PEM, percent-encoded -> DER, or `UNREADABLE`."""
    found = _PEM.fullmatch(unquote_to_bytes(value))
    return UNREADABLE if found is None else _decoded(b"".join(found[1].split()))


def from_client_cert(value: bytes) -> bytes:
    """RFC 9440 §2.2, Client-Cert: a byte sequence with the DER -> DER, or `UNREADABLE`."""
    found = _BYTE_SEQUENCE.fullmatch(value)
    return UNREADABLE if found is None else _decoded(found[1])


# The format's name in the configuration -> the header and its reader.
FORMATS: Mapping[str, tuple[bytes, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        "nginx": (b"X-Ssl-Client-Cert", from_escaped_pem),
        "rfc9440": (b"Client-Cert", from_client_cert),
    }
)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True) or UNREADABLE
    except binascii.Error:
        return UNREADABLE
