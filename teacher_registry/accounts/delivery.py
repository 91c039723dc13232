"""One-time passwords on their way to a person's telephone: one file a message, taken by the SMS gateway."""

import json
import os
import re
import secrets
from pathlib import Path

from teacher_registry.accounts.errors import FieldError

# Mainland mobile numbers; the number is written to the message alone, never to the database or the log.
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def read_mobile(value: object) -> str:
    """A mobile number without blanks and dashes. Raises `FieldError`."""
    text = re.sub(r"[\s-]", "", value) if isinstance(value, str) else ""
    text = text.removeprefix("+86")
    if not _MOBILE.fullmatch(text):
        raise FieldError("mobile", "手机号须为11位，以1开头")
    return text


def masked(mobile: str) -> str:
    """For the screen and the person at it."""
    return f"{mobile[:3]}****{mobile[-4:]}"


class Outbox:
    """Writes messages whole or not at all; only the service's user can read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mobile: str, text: str) -> None:
        """Raises OSError; then nothing was sent."""
        path = self._folder / f"{secrets.token_hex(16)}.json"
        temporary = path.with_suffix(".part")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump({"channel": "sms", "to": mobile, "text": text}, out, ensure_ascii=False)
        temporary.replace(path)
