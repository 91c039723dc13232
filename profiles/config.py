"""A profile file as it is written: TOML to plain values, types checked, nothing judged."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from profiles.errors import ProfileError

_MAX_CHARACTERS = 65_536


@dataclass(frozen=True, kw_only=True)
class ProfileConfig:
    """The keys of a profile file under their own names; `Profile.of` decides whether they are permitted."""

    name: str
    kind: str
    validity_days: int
    keys: tuple[str, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    policies: tuple[str, ...]
    pointers: tuple[str, ...]
    subject_required: tuple[str, ...]
    subject_optional: tuple[str, ...]
    path_length: int | None
    subject_alternative_name: bool
    ocsp_no_check: bool


class _Table:
    """Takes values out of a TOML table one by one; what is left at the end was unknown."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._left = dict(values)

    def string(self, key: str) -> str:
        """Raises ProfileError where there is none, as all that has no default."""
        value = self._left.pop(key, None)
        if not isinstance(value, str):
            raise ProfileError(key, _kind_of(value), "a string")
        return value

    def integer(self, key: str) -> int:
        """TOML keeps integers and booleans apart; so does this."""
        value = self._left.pop(key, None)
        # bool is an int in Python: `validity_days = true` would otherwise mean one day.
        if not isinstance(value, int) or isinstance(value, bool):
            raise ProfileError(key, _kind_of(value), "an integer")
        return value

    def optional_integer(self, key: str) -> int | None:
        """None where the key is absent."""
        return self.integer(key) if key in self._left else None

    def flag(self, key: str) -> bool:
        """False where the key is absent."""
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise ProfileError(key, _kind_of(value), "true or false")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """In the order of the file; an entry that occurs twice is refused."""
        value = self._left.pop(key, None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ProfileError(key, _kind_of(value), "a list of strings")
        if len(set(value)) != len(value):
            raise ProfileError(key, value, "each entry once")
        return tuple(value)

    def finish(self) -> None:
        """Raises ProfileError for the first key, by name, that nobody has taken."""
        for key in sorted(self._left):
            raise ProfileError(key, "an unknown key", "the keys of profiles/config.py")


def _kind_of(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:80]!r}"


def parse_config(toml_text: str) -> ProfileConfig:
    """Read one profile file; a missing, unknown or mistyped key raises ProfileError naming it."""
    if len(toml_text) > _MAX_CHARACTERS:
        raise ProfileError("toml", f"{len(toml_text)} characters", f"at most {_MAX_CHARACTERS}")
    try:
        table = _Table(tomllib.loads(toml_text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError("toml", str(error), "a TOML document") from error
    config = ProfileConfig(
        name=table.string("name"),
        kind=table.string("kind"),
        validity_days=table.integer("validity_days"),
        keys=table.strings("keys"),
        key_usage=table.strings("key_usage"),
        extended_key_usage=table.strings("extended_key_usage"),
        policies=table.strings("policies"),
        pointers=table.strings("pointers"),
        subject_required=table.strings("subject_required"),
        subject_optional=table.strings("subject_optional"),
        path_length=table.optional_integer("path_length"),
        subject_alternative_name=table.flag("subject_alternative_name"),
        ocsp_no_check=table.flag("ocsp_no_check"),
    )
    table.finish()
    return config
