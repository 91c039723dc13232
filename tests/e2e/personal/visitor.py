"""Somebody at the console over TLS. Every address asked for or sent to, and every header that came back, is kept."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import httpx

_PASSWORD = "planted horse battery staple"


@dataclass
class Visitor:
    """`seen` is what a proxy's log or a browser's history would hold: addresses and headers, never bodies."""

    base: str
    root: Path
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx.Client(
            base_url=self.base, verify=ssl.create_default_context(cafile=str(self.root)), timeout=30
        )

    def get(self, path: str) -> httpx.Response:
        """A page; redirects are followed one by one."""
        return self._follow(self._http.get(path))

    def post(
        self, page: str, path: str = "", *, files: dict[str, tuple[str, bytes]] | None = None, **fields: str
    ) -> httpx.Response:
        """Send the form that stands on a page, to the page itself or to a path."""
        fields["csrf_token"] = self.hidden(self.get(page), "csrf_token")
        return self._follow(self._http.post(path or page, data=fields, files=files))

    def sign_in(self, login: str, first_password: str) -> None:
        """The first sign-in of an account, with the change of its password."""
        self.post("/login", login=login, password=first_password)
        done = self.post("/password", old=first_password, new=_PASSWORD, again=_PASSWORD)
        assert done.status_code == 200, done.text
        assert done.url.path == "/overview", done.url

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """A call of the API."""
        return self._follow(self._http.post(path, content=body, headers=headers))

    @staticmethod
    def hidden(page: httpx.Response, name: str) -> str:
        """A hidden field of a page's first form that has it."""
        found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
        assert found, page.text
        return found.group(1)

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        self.seen += [str(answer.request.url), str(answer.headers)]
        assert answer.status_code < 500, answer.text
        if answer.is_redirect:
            return self._follow(self._http.get(answer.headers["Location"]))
        return answer
