"""A refusal by the contract CA: an RFC 9457 problem document."""

from typing import Any


class RefusalError(Exception):
    def __init__(self, status: int, kind: str, detail: str, **more: Any) -> None:
        self.status = status
        self.document = {"type": f"urn:educa:error:{kind}", "title": kind, "status": status} | more
        self.document |= {"kind": kind, "detail": detail}
        super().__init__(kind)
