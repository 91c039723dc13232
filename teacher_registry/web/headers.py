"""The headers of every answer: nothing from elsewhere runs, frames, or remembers these pages."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import Response

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Strict-Transport-Security": "max-age=31536000",
    }
)


def secure(response: Response) -> Response:
    """Add them. `no-store` too, except for the style sheet: one-time passwords and names must not stay in a
    cache.
    """
    response.headers.extend(SECURITY_HEADERS)
    if response.mimetype != "text/css":
        response.headers["Cache-Control"] = "no-store"
    return response
