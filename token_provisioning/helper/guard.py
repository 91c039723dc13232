"""Who may talk to the page's server: this computer's own browser, on our own page, with this run's secret.

What each check stops:
- Host: a site whose name was made to point at 127.0.0.1 (DNS rebinding) sends its own name.
- Origin and Sec-Fetch-Site: a page of any other site, or of another port, that posts to us.
- the secret: everything that can leave both out, i.e. another program, or another user of this computer.
Nothing is ever answered with a CORS header, so no other site reads an answer either.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

_SAME_SITE = frozenset({"same-origin", "none"})


@dataclass(frozen=True, kw_only=True)
class Guard:
    """`authority` is the one `host:port` under which the page may be asked for; `secret` is that of this run."""

    authority: str
    secret: str

    def objection(self, environ: Mapping[str, str], *, asks_for_secret: bool) -> str:
        """Return why the request is refused, in English for the log; empty if it is not. `environ` is WSGI's."""
        origin = environ.get("HTTP_ORIGIN")
        posts = environ.get("REQUEST_METHOD") == "POST"
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        checks = {
            "host": environ.get("HTTP_HOST") == self.authority,
            "origin": origin == f"http://{self.authority}" or (origin is None and not posts),
            "fetch-site": environ.get("HTTP_SEC_FETCH_SITE", "none") in _SAME_SITE,
            # A form of another site cannot send this type, and a script only after a preflight that we refuse.
            "content-type": kind == "application/json" or not posts,
            "secret": hmac.compare_digest(given.encode(), self.secret.encode()) or not asks_for_secret,
        }
        return next((name for name, holds in checks.items() if not holds), "")
