"""Sends approved persons to the CA over its HTTP API and reads the confirmations."""

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from ca_service import push_tokens
from ca_service.clock import Clock
from ca_service.domain.errors import Unavailable
from ca_service.workflows.push import Confirmation, Outcome, PushedPerson


@dataclass(frozen=True)
class PushClient:
    """The user directory's side of `POST /api/v1/registrations`; trusts only the root in `ca_file`."""

    url: str
    secret: str
    ca_file: Path
    clock: Clock

    def push(self, persons: Sequence[PushedPerson]) -> Sequence[Confirmation]:
        """Push one page of persons; safe to repeat. Raises Unavailable."""
        records = [
            {name: value for name, value in vars(p).items() if name != "contact"} | vars(p.contact) for p in persons
        ]
        body = json.dumps({"records": records}, ensure_ascii=False).encode()
        token = push_tokens.mint(self.secret, body, at=self.clock())
        try:
            answer = httpx.post(
                f"{self.url}/api/v1/registrations",
                content=body,
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                verify=ssl.create_default_context(cafile=str(self.ca_file)),
                timeout=30,
            )
            answer.raise_for_status()
            return [_confirmation(row) for row in answer.json()["confirmations"]]
        except (httpx.HTTPError, OSError, ValueError, KeyError) as error:
            raise Unavailable(f"CA 的登记接口暂时不可用（{type(error).__name__}），稍后会自动重试。") from error


def _confirmation(row: dict[str, str]) -> Confirmation:
    return Confirmation(row["external_id"], Outcome(row["outcome"]), row["holder_id"], row["detail"])
