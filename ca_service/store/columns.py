"""Column types that keep the domain's types across SQLite and PostgreSQL."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, SmallInteger, String, Text, TypeDecorator

from ca_service.domain.roles import Role

E = TypeVar("E", bound=StrEnum)
N = TypeVar("N", bound=IntEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out; a naive time is a programming error and refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; store UTC (SQLite keeps no zone, so it is stripped there)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware again, in UTC: SQLite gives back naive times."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[StrEnum]):
    """A StrEnum as its value."""

    impl = String(40)
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Raise ValueError for what is not of the enum, before it is in the database."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """Raise ValueError for a value that the enum does not know: somebody wrote past the service."""
        return None if value is None else self.enum(value)


class EnumNumber(TypeDecorator[IntEnum]):
    """An IntEnum as SMALLINT, by the number that its standard gives it."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, enum: type[IntEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: IntEnum | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Raise ValueError for what is not of the enum, before it is in the database."""
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> IntEnum | None:  # noqa: ARG002
        """Raise ValueError for a number that the enum does not know."""
        return None if value is None else self.enum(value)


class RoleSet(TypeDecorator[frozenset[Role]]):
    """A set of roles as their sorted values with commas between."""

    impl = String(200)
    cache_ok = True

    def process_bind_param(self, value: frozenset[Role] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Sorted, with commas between: equal sets are equal texts."""
        return None if value is None else ",".join(sorted(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[Role] | None:  # noqa: ARG002
        """Split; raise ValueError for a role that does not exist."""
        return None if value is None else frozenset(Role(part) for part in value.split(","))


class JsonText(TypeDecorator[Mapping[str, Any]]):
    """A small mapping as JSON text, keys sorted, characters as they are."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Keys sorted, so that equal mappings are equal texts; Chinese as it is."""
        return None if value is None else json.dumps(dict(value), ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Any] | None:  # noqa: ARG002
        """ValueError for a text that is not JSON: somebody wrote past the service."""
        return None if value is None else dict(json.loads(value))
