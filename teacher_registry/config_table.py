"""Typed reading of one TOML table; every complaint names its key."""

import ipaddress
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


class ConfigError(Exception):
    """The configuration cannot be used; the text says which key and why."""


class Table:
    """The table `[registry]`; relative paths start at `folder`. Every method raises `ConfigError`."""

    def __init__(self, values: Mapping[str, Any], folder: Path) -> None:
        self._values = values
        self._folder = folder

    def text(self, key: str, default: str | None = None) -> str:
        """ConfigError for a number, or where there is neither value nor default."""
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise ConfigError(f"[registry] {key}: a text is needed")
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """One of the words; the first is the default."""
        value = self.text(key, allowed[0])
        if value not in allowed:
            raise ConfigError(f"[registry] {key}: one of {', '.join(allowed)} is needed")
        return value

    def file(self, key: str, default: str | None = None) -> Path:
        """Relative to the folder of the configuration; ConfigError where no file is."""
        path = self._folder / self.text(key, default)
        try:
            there = path.is_file()
        except OSError as error:
            raise ConfigError(f"[registry] {key}: {path}: {error.strerror}") from error
        if not there:
            raise ConfigError(f"[registry] {key}: no such file: {path}")
        return path

    def secret(self, key: str) -> Path:
        """A file that nobody else can read."""
        path = self.file(key)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"[registry] {key}: others can read {path}; chmod 600")
        return path

    def folder(self, key: str) -> Path | None:
        """A folder of ours alone, made if it is missing; "" is none."""
        value = self.text(key, "")
        if not value:
            return None
        path = self._folder / value
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"[registry] {key}: cannot be made: {error.strerror}") from error
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"[registry] {key}: others can look into {path}; chmod 700")
        return path

    def url(self, key: str, default: str | None = None, *, may_be_empty: bool = False) -> str:
        """An http or https address."""
        value = self.text(key, default)
        if not value and may_be_empty:
            return value
        try:
            parts = urlsplit(value)
        except ValueError as error:
            raise ConfigError(f"[registry] {key}: not an address: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"[registry] {key}: an http or https address is needed")
        return value

    def oid(self, key: str) -> str:
        """Dotted decimal with at least three numbers; ConfigError otherwise."""
        value = self.text(key)
        parts = value.split(".")
        if len(parts) < 3 or not all(part.isascii() and part.isdigit() for part in parts):
            raise ConfigError(f"[registry] {key}: an object identifier such as 2.25.1.2 is needed")
        return value

    def number(self, key: str, default: float, ceiling: float) -> float:
        """Above 0, at most the ceiling; the key's name says of what."""
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= ceiling:
            raise ConfigError(f"[registry] {key}: a number above 0, at most {ceiling:g}, is needed")
        return float(value)

    def count(self, key: str, default: int, ceiling: int) -> int:
        """A whole number from 1 to the ceiling."""
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= ceiling:
            raise ConfigError(f"[registry] {key}: a whole number from 1 to {ceiling} is needed")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """ConfigError for anything but a TOML boolean."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"[registry] {key}: true or false is needed")
        return value

    def address(self, key: str, default: str, *, proxy: str) -> tuple[str, int] | str:
        """An IP address and port, or the path of a Unix socket; the proxy must fit to it."""
        value = self.text(key, default)
        if value.startswith("unix:"):
            if not proxy or _is_address(proxy):
                raise ConfigError(f"[registry] {key}: a Unix socket needs proxy = the user that the proxy runs as")
            return str(self._folder / value.removeprefix("unix:"))
        if proxy and not _is_address(proxy):
            raise ConfigError("[registry] proxy: an IP address is needed, or a Unix socket to listen on")
        host, _, port = value.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not _is_address(host) or not (port.isascii() and port.isdigit()):
            raise ConfigError(f"[registry] {key}: address:port is needed, with an IP address")
        if int(port) > 65535:
            raise ConfigError(f"[registry] {key}: no such port")
        return host, int(port)

    def database(self, key: str) -> str:
        """An SQLAlchemy URL; a relative SQLite file becomes absolute."""
        value = self.text(key)
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ConfigError(f"[registry] {key}: not a database URL") from error
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ConfigError(f"[registry] {key}: an SQLite database needs a file")
            url = url.set(database=str(self._folder / url.database))
        return url.render_as_string(hide_password=False)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
