"""A profile that has passed the policy; past this constructor nobody asks again whether it is permitted."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import TypeVar

from profiles.config import ProfileConfig, parse_config
from profiles.errors import ProfileError
from profiles.policy import CEILINGS, POLICY_OIDS, Ceiling, KeyType, Kind, Span

_E = TypeVar("_E", Kind, KeyType)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one sort of certificate looks like, within the ceiling of its kind.

    `validity` is the longest distance from notBefore to notAfter. Names of key usages, extended key usages,
    policies, pointers and subject fields are those of profiles/policy.py. An offence raises ProfileError.
    """

    name: str
    kind: Kind
    validity: timedelta
    key_types: frozenset[KeyType]
    key_usage: frozenset[str]
    extended_key_usage: frozenset[str]
    policies: frozenset[str]
    pointers: frozenset[str]
    subject_required: frozenset[str]
    subject_optional: frozenset[str]
    path_length: int | None
    subject_alternative_name: bool
    ocsp_no_check: bool

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ProfileError("name", repr(self.name[:80]), "lower-case letters, digits and hyphens")
        ceiling = CEILINGS[self.kind]
        self._check_numbers(ceiling)
        self._check_sets(ceiling)
        self._check_flags(ceiling)

    def _check_numbers(self, ceiling: Ceiling) -> None:
        longest = timedelta(days=ceiling.max_validity_days)
        if not timedelta(days=1) <= self.validity <= longest:
            raise ProfileError("validity_days", self.validity, f"1 to {ceiling.max_validity_days} days")
        if ceiling.max_path_length is None:
            if self.path_length is not None:
                raise ProfileError("path_length", self.path_length, "none for an end entity")
        elif self.path_length is None or not 0 <= self.path_length <= ceiling.max_path_length:
            raise ProfileError("path_length", self.path_length, f"0 to {ceiling.max_path_length}")

    def _check_sets(self, ceiling: Ceiling) -> None:
        if not self.key_types or not self.key_types <= ceiling.key_types:
            raise ProfileError("keys", sorted(self.key_types), f"some of {sorted(ceiling.key_types)}")
        _within("key_usage", self.key_usage, ceiling.key_usage)
        _within("extended_key_usage", self.extended_key_usage, ceiling.extended_key_usage)
        _within("policies", self.policies, ceiling.policies)
        _within("pointers", self.pointers, ceiling.pointers)
        _within("subject_required", self.subject_required, ceiling.subject)
        # Optional fields have no lower bound of their own: the required ones were just seen to hold it.
        _within("subject_optional", self.subject_optional, Span(frozenset(), ceiling.subject.allowed))
        if both := self.subject_required & self.subject_optional:
            raise ProfileError("subject_optional", sorted(both), "fields that are not required too")

    def _check_flags(self, ceiling: Ceiling) -> None:
        for key, found, wanted in (
            ("subject_alternative_name", self.subject_alternative_name, ceiling.subject_alternative_name),
            ("ocsp_no_check", self.ocsp_no_check, ceiling.ocsp_no_check),
        ):
            if found is not wanted:
                raise ProfileError(key, found, f"{wanted} for {self.kind}")

    @classmethod
    def of(cls, config: ProfileConfig) -> "Profile":
        """The profile that a file describes; ProfileError where it exceeds the policy."""
        return cls(
            name=config.name,
            kind=_member("kind", config.kind, Kind),
            validity=_days(config.validity_days),
            key_types=frozenset(_member("keys", key, KeyType) for key in config.keys),
            key_usage=frozenset(config.key_usage),
            extended_key_usage=frozenset(config.extended_key_usage),
            policies=frozenset(config.policies),
            pointers=frozenset(config.pointers),
            subject_required=frozenset(config.subject_required),
            subject_optional=frozenset(config.subject_optional),
            path_length=config.path_length,
            subject_alternative_name=config.subject_alternative_name,
            ocsp_no_check=config.ocsp_no_check,
        )

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile may sign others (basicConstraints cA)."""
        return self.path_length is not None

    @property
    def policy_oids(self) -> tuple[str, ...]:
        """The certificate policies as dotted identifiers, in ascending text order."""
        return tuple(sorted(POLICY_OIDS[policy] for policy in self.policies))

    @property
    def subject_fields(self) -> Span:
        """Which fields of a Subject must and may be filled, the country apart (it is always there)."""
        return Span(self.subject_required, self.subject_required | self.subject_optional)


def _within(key: str, found: frozenset[str], span: Span) -> None:
    if not span.permits(found):
        raise ProfileError(key, sorted(found), str(span))


def _days(days: int) -> timedelta:
    try:
        return timedelta(days=days)
    except OverflowError as error:
        raise ProfileError("validity_days", "an absurd number", "the ceiling of the kind") from error


def _member(key: str, found: str, enum: type[_E]) -> _E:
    try:
        return enum(found)
    except ValueError as error:
        raise ProfileError(key, repr(found[:80]), ", ".join(enum)) from error


def parse(toml_text: str) -> Profile:
    """The profile in a TOML text; ProfileError names the key that is missing, unknown or too generous."""
    return Profile.of(parse_config(toml_text))


@cache
def names() -> tuple[str, ...]:
    """The packaged profiles, sorted."""
    files = resources.files("profiles.data").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@cache
def load(name: str) -> Profile:
    """A packaged profile by name; an unknown name is a ProfileError and never a path that is opened."""
    if name not in names():
        raise ProfileError("profile", repr(name[:80]), ", ".join(names()))
    return parse(resources.files("profiles.data").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
