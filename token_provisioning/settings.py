"""Where the CA is and which driver to use, so that a holder types neither: `educa-token.toml`, made by the centre.

Looked for in `$EDUCA_TOKEN_CONFIG`, beside the program, inside the program (packaged), and in the user's data folder.
What it says is a default; options go before it. Its thief gains nothing: there is no secret in it. Who can change
it can send the holder's codes to another server, but not make the helper believe another root than `ca_file`.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from token_provisioning.errors import FileNotUsableError

FILE_NAME = "educa-token.toml"
_KEYS = frozenset({"server", "ca_file", "modules"})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`server`: https URL; `ca_file`: the root, PEM; `module`: the first of `modules` that is on this computer."""

    server: str | None = None
    ca_file: Path | None = None
    module: Path | None = None


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for journals and the support log: `$EDUCA_TOKEN_HOME`, else the user's data folder."""
    given = environment.get("EDUCA_TOKEN_HOME")
    return Path(given) if given else Path(platformdirs.user_data_path("educa-token", appauthor=False))


def find(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the settings file in force, `None` if there is none."""
    if given := environment.get("EDUCA_TOKEN_CONFIG"):
        return Path(given)
    places = [Path(sys.executable).parent, home(environment)]
    if inside := getattr(sys, "_MEIPASS", None):  # where a packaged program unpacks what it brings along
        places.insert(1, Path(inside))
    return next((place / FILE_NAME for place in places if (place / FILE_NAME).is_file()), None)


def load(path: Path | None) -> Settings:
    """Read a settings file; relative paths count from its folder. Raises `FileNotUsableError`."""
    if path is None:
        return Settings()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileNotUsableError(path=str(path), reason="不是可读的 TOML 文件") from error
    if unknown := set(table) - _KEYS:
        raise FileNotUsableError(path=str(path), reason=f"不认识 {sorted(unknown)[0]}")
    server, ca_file, modules = table.get("server"), table.get("ca_file"), table.get("modules", [])
    if not isinstance(server, str | None) or not isinstance(ca_file, str | None) or not _texts(modules):
        raise FileNotUsableError(path=str(path), reason="server、ca_file 应为文本，modules 应为文本列表")
    candidates = [path.parent / module for module in modules]
    return Settings(
        server=server,
        ca_file=None if ca_file is None else path.parent / ca_file,
        # None of them there: the last is named in the message.
        module=next((one for one in candidates if one.is_file()), candidates[-1] if candidates else None),
    )


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
