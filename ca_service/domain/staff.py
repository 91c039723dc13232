"""Staff accounts of the units that receive applications."""

from dataclasses import dataclass
from datetime import datetime

from ca_service.domain.roles import Actor, Role


@dataclass(frozen=True)
class Staff:
    """One account. `password_hash` is argon2id in PHC form; a first password has to be changed."""

    login: str
    name: str
    unit_code: str
    roles: frozenset[Role]
    password_hash: str
    must_change_password: bool
    active: bool
    created_at: datetime

    def actor(self, via: str) -> Actor:
        """The same person as one who acts, by the way named."""
        return Actor(self.login, self.unit_code, self.roles, via)
