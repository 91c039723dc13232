"""The files that the configuration names for keys, tokens and passwords: read when used, never kept in the Config."""

import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ca_service.config import ConfigError


def read_public_key(path: Path) -> str:
    """A public key (PEM) from its file; raise ConfigError."""
    try:
        text = path.read_text(encoding="ascii")
        load_pem_public_key(text.encode())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"公钥文件 {path} 无法读取，应为 PEM 格式的公钥。请检查 [push] directories。") from error
    return text


def read_secret(path: Path) -> str:
    """A secret from its file; raise ConfigError if it is missing, empty or readable by others."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"密钥文件 {path} 无法读取（{error.strerror}）。请检查 [secrets]。") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"密钥文件 {path} 可被其他用户读取，拒绝启动。请执行 chmod 600 {path}。")
    if not text:
        raise ConfigError(f"密钥文件 {path} 是空的。请从备份恢复。")
    return text
