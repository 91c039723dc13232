"""The helper with somebody listening behind its TLS: `-m tests.token_provisioning.overheard_helper FILE ...`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from token_provisioning import cli
from token_provisioning.transport import HttpsTransport


def listen(file: Path) -> None:
    heard: list[tuple[str, dict[str, str]]] = []
    post = HttpsTransport.post

    def overheard(self: HttpsTransport, path: str, body: Mapping[str, str]) -> tuple[int, bytes]:
        heard.append((path, dict(body)))
        file.write_text(json.dumps(heard), encoding="utf-8")
        return post(self, path, body)

    HttpsTransport.post = overheard  # type: ignore[method-assign]


if __name__ == "__main__":
    listen(Path(sys.argv.pop(1)))
    cli.main()
