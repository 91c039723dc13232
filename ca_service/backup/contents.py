"""What belongs to a CA beside its database: the files that its configuration names."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ca_service.config import Config
from ca_service.domain.errors import Invalid

MANIFEST, DATABASE, FOLDER = "manifest.json", "database", "folder"
CONFIGURATION = "config.toml"
_FORMAT = 1
_TOKENS = re.compile(r"^(directories\.tokendir\s*=\s*)(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Manifest:
    """When a backup was begun (UTC, ISO 8601), of what, and the audit chain's head that it holds at least."""

    taken_at: str
    version: str
    database: str
    audit_seq: int
    audit_hash: str
    format: int = _FORMAT

    def encoded(self) -> bytes:
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=1).encode()


def read_manifest(encoded: bytes) -> Manifest:
    """Read it back; raise Invalid for what is not one, or one of a later format."""
    try:
        table = json.loads(encoded)
        manifest = Manifest(**table)
    except (ValueError, TypeError):
        raise Invalid("备份的清单无法读取：这不是 educa backup 生成的备份。") from None
    if manifest.format != _FORMAT:
        raise Invalid(f"备份的格式为 {manifest.format}，本版本只认识 {_FORMAT}。请用生成它的版本恢复。")
    return manifest


def members(config: Config, configuration: Path) -> Iterator[tuple[str, Path]]:
    """(name in the archive, file), for every file that is there; secrets first, documents last."""
    yield f"{FOLDER}/{CONFIGURATION}", configuration
    seen = {configuration.resolve()}
    for path in _named(config):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file not in seen and not file.name.endswith(".part"):
                seen.add(file)
                yield f"{FOLDER}/{file.relative_to(config.folder)}", file


def left_out(config: Config) -> list[Path]:
    """What the configuration names outside its own folder: not in a backup, and to be kept by other means."""
    return [path for path in _all_named(config) if path.exists() and not path.is_relative_to(config.folder)]


def _named(config: Config) -> Iterator[Path]:
    return (path for path in _all_named(config) if path.exists() and path.is_relative_to(config.folder))


def _all_named(config: Config) -> Iterator[Path]:
    yield from (config.path(path) for path in vars(config.secrets).values())
    yield from (config.path(path) for path in (config.mail.password, *config.push.directories.values()))
    yield from (config.path(path) for path in config.relying.systems.values())
    yield config.path(config.service.tls_key)
    yield config.path(config.service.tls_certificate)
    for key in ("tls_key", "tls_certificate"):
        if key in config.registry:
            yield config.path(Path(config.registry[key]))
    yield from sorted(config.folder.glob("*.pem"))
    yield config.folder / "ceremony.json"
    for value in config.hsm_environment.values():
        yield Path(value)
        yield from token_folders(Path(value))
    yield config.path(config.service.documents)


def token_folders(softhsm: Path) -> Iterator[Path]:
    """Where the tokens lie by this configuration of SoftHSM; nothing for a file that does not exist."""
    if softhsm.is_file():
        yield from (Path(found[1].strip()) for found in _TOKENS.findall(softhsm.read_text(encoding="utf-8")))


def point_tokens_to(folder: Path, part: Path, environment: Mapping[str, str]) -> None:
    """Let SoftHSM's configuration in `part` name the tokens where they will be, in `folder`."""
    for value in environment.values():
        file = part / value
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            file.write_text(_TOKENS.sub(lambda m: f"{m[1]}{folder / Path(m[2].strip()).name}", text), encoding="utf-8")
