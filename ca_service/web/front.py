"""What stands before the console: who really asks, with which client certificate, under which identifier.

The TLS server of this process hands on the certificate that it verified; a proxy hands it on in a header, as it does
the client's address and the request's identifier. They are believed only from the addresses that the configuration
names.
"""

import re
import ssl
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ca_service.web.requests import HEADER, REQUEST_ID, accepted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CERTIFICATE = "educa.client_certificate"
"""Key of the WSGI environment with the client's certificate, DER; no header can take this name."""

_LONGEST = 32_768
# RFC 9112 §3.2: a Host that is none is answered 400. Labels of a name have at most 63 characters (RFC 1035 §2.3.4).
_HOST = re.compile(r"(?:[0-9A-Za-z_-]{1,63}(?:\.[0-9A-Za-z_-]{1,63}){0,9}\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ID_HEADER = "HTTP_" + HEADER.upper().replace("-", "_")


class Front:
    """WSGI middleware: sets `REMOTE_ADDR`, the client's certificate and the request's identifier."""

    def __init__(self, application: "WSGIApplication", *, proxies: Sequence[str], certificate_header: str) -> None:
        self._application = application
        self._proxies = frozenset(proxies)
        self._header = "HTTP_" + certificate_header.upper().replace("-", "_")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve a request as coming from whom it comes."""
        if not _HOST.fullmatch(environ.get("HTTP_HOST", "localhost")):
            start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        handed_on, named = environ.pop(self._header, ""), environ.pop(_ID_HEADER, "")
        if environ.get("REMOTE_ADDR", "") in self._proxies:
            pem = unquote(handed_on)
            # The last address is the one that the proxy itself saw; those before it are the client's own words.
            client = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
            environ["REMOTE_ADDR"] = client if _is_address(client) else environ["REMOTE_ADDR"]
        else:
            named = ""
            verified = environ.get("SSL_CLIENT_VERIFY") == "SUCCESS"
            pem = environ.get("SSL_CLIENT_CERT", "") if verified else ""
        environ[CERTIFICATE] = _der(pem)
        environ[REQUEST_ID] = accepted(named)
        return self._application(environ, start_response)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _der(pem: str) -> bytes:
    """The certificate's octets; nothing where there is none or it cannot be read."""
    if not pem or len(pem) > _LONGEST:
        return b""
    try:
        return ssl.PEM_cert_to_DER_cert(pem.strip())
    except ValueError:
        return b""
