"""A staff member at the console: signs in, fills in the forms of pages, sees what is shown."""

import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from bench.soak.wire import Answer, Wire

PASSWORD = "soaked to the skin 42"


class OddAnswerError(Exception):
    """A page is not what it should be."""


class Person:
    """One account, from an address of its own (the proxy says so), on one connection."""

    def __init__(self, wire: Wire, login: str, number: int) -> None:
        self._wire, self.login = wire, login
        self._headers = {"X-Forwarded-For": f"10.77.{number // 250}.{number % 250 + 1}", "User-Agent": "soak"}
        self._cookie = ""

    def sign_in(self) -> Answer:
        """From the start; a try that was broken off is repeated, which opens another session."""
        self._cookie = ""
        answer = self.post("/login", {"login": self.login, "password": PASSWORD})
        if answer.status != 302 or not answer.headers["location"].endswith("/overview"):
            raise OddAnswerError(f"sign-in of {self.login}: {answer.status} {answer.text[:300]}")
        return answer

    def sign_out(self) -> None:
        """End the session and the connection."""
        self.post("/logout", {}, page="/overview")
        self._wire.close()

    def get(self, path: str) -> Answer:
        """A page; the way back to the sign-in means that an acknowledged session was lost."""
        answer = self._ask("page", "GET", path)
        if answer.status == 302 and answer.headers["location"].endswith("/login"):
            raise OddAnswerError(f"the session of {self.login} is gone")
        return answer

    def post(self, path: str, fields: Mapping[str, str], *, page: str = "") -> Answer:
        """Send the form of a page (by default of the path itself)."""
        token = hidden(self.get(page or path).text, "csrf_token")
        return self.submit(path, {"csrf_token": token, **fields})

    def submit(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form whose page was looked at already."""
        return self._ask("form", "POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def upload(self, path: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> Answer:
        """Send the form of a page with files."""
        token = hidden(self.get(path).text, "csrf_token")
        mark = secrets.token_hex(16)
        parts = [
            _part(mark, f'name="{name}"', value.encode()) for name, value in {"csrf_token": token, **fields}.items()
        ]
        parts += [_part(mark, f'name="{name}"; filename="{file}"', octets) for name, (file, octets) in files.items()]
        body = b"".join(parts) + f"--{mark}--\r\n".encode()
        return self._ask("upload", "POST", path, body, f"multipart/form-data; boundary={mark}")

    def _ask(self, what: str, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        headers = {**self._headers, **({"Cookie": self._cookie} if self._cookie else {})}
        answer = self._wire.ask(
            f"console {what}", method, path, body, {**headers, **({"Content-Type": kind} if kind else {})}
        )
        if "set-cookie" in answer.headers:
            self._cookie = answer.headers["set-cookie"].partition(";")[0]
        if answer.status >= 500:
            raise OddAnswerError(f"{method} {path}: {answer.status} {answer.text[:300]}")
        return answer


def hidden(page: str, name: str) -> str:
    """The value of a hidden field, where it first stands."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    if not found:
        raise OddAnswerError(f"no {name} on the page: {page[:300]}")
    return found.group(1)


def _part(mark: str, disposition: str, content: bytes) -> bytes:
    return f"--{mark}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
