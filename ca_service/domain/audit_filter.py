"""Which entries of the audit log somebody asks for."""

from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.audit import Tag


@dataclass(frozen=True)
class AuditFilter:
    """All that is given must hold; nothing given is the whole log.

    `unit` stands for its subtree unless `exact`; actor and subject are compared as they stand in the entry; `since` is
    inclusive, `until` is not.
    """

    tags: tuple[Tag, ...] = ()
    unit: str = ""
    exact: bool = False
    actor: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def facts(self) -> dict[str, str | int]:
        """What was asked for, as the details of an entry name it; what was not asked is left out."""
        given: dict[str, str | int] = {
            "acts": ",".join(self.tags),
            "unit": self.unit,
            "only-unit": int(self.exact and bool(self.unit)),
            "actor": self.actor,
            "subject": self.subject,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }
        return {name: value for name, value in given.items() if value}
