"""Options that several commands share, and how PINs and codes get in: by file, environment or prompt."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from token_provisioning.acts import CaAddress
from token_provisioning.errors import FileNotUsableError
from token_provisioning.first_pin import HolderPins

PIN_VARIABLE = "EDUCA_TOKEN_PIN"
_MAX_SECRET = 256  # octets; a longer file is not a PIN

_Command = TypeVar("_Command", bound=Callable[..., Any])

READABLE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def module_option(command: _Command) -> _Command:
    """Add --module: existence is checked later, since a missing module has its own message."""
    kind = click.Path(path_type=Path)
    return click.option("--module", type=kind, required=True, help="介质驱动(PKCS#11 库文件)")(command)


def json_option(command: _Command) -> _Command:
    """Add --json: one JSON document on stdout instead of text."""
    return click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")(command)


def serial_option(command: _Command) -> _Command:
    """Add --serial; without it there must be exactly one token."""
    return click.option("--serial", help="介质序列号(只插入一个介质时可省略)")(command)


def ca_options(command: _Command) -> _Command:
    """Add --server and --ca-file."""
    command = click.option("--ca-file", type=READABLE, required=True, help="教育CA根证书(PEM)")(command)
    text = "CA 服务器地址，如 https://ca.example.edu.cn:8443"
    return click.option("--server", required=True, help=text)(command)


def pin_options(command: _Command) -> _Command:
    """Add --pin-file and --last-try."""
    command = click.option("--last-try", is_flag=True, help="PIN 只剩最后一次机会时仍然尝试")(command)
    text = f"存有 PIN 的文件(也可用环境变量 {PIN_VARIABLE})"
    return click.option("--pin-file", type=READABLE, help=text)(command)


def new_pin_option(command: _Command) -> _Command:
    """Add --new-pin-file."""
    return click.option("--new-pin-file", type=READABLE, help="存有新 PIN 的文件(省略则提示输入)")(command)


def ca_address(server: str, ca_file: Path) -> CaAddress:
    """Return where the CA is; a plain http address is a usage error."""
    if not server.startswith("https://"):
        raise click.UsageError("--server 应以 https:// 开头:授权码不能明文传送")
    return CaAddress(server=server, ca_file=ca_file)


def present_pin(pin_file: Path | None) -> str:
    """Return the PIN from the file, the environment or a prompt, in this order."""
    if pin_file is not None:
        return read_secret(pin_file)
    return os.environ.get(PIN_VARIABLE) or ask("PIN")


def one_pin(pin_file: Path | None, *, last_try: bool) -> HolderPins:
    """Return the present PIN for an act that sets no new one."""
    return HolderPins(current=present_pin(pin_file), last_try=last_try)


def new_pin_source(new_pin_file: Path | None) -> Callable[[], str] | None:
    """Return where a new PIN comes from, `None` if there is neither a file nor a person to ask."""
    if new_pin_file is not None:
        return lambda: read_secret(new_pin_file)
    return (lambda: ask("新 PIN", confirm=True)) if sys.stdin.isatty() else None


def secret_or_ask(path: Path | None, what: str) -> str:
    """Return a secret from its file or from the person."""
    return ask(what) if path is None else read_secret(path)


def ask(what: str, *, confirm: bool = False) -> str:
    """Prompt for a secret without echo; a missing terminal is a usage error, not a hang."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"没有终端可以输入{what}，请用相应的 --…-file 选项提供")
    return str(click.prompt(what, hide_input=True, confirmation_prompt="再输入一次" if confirm else False, err=True))


def read_secret(path: Path) -> str:
    """Return the one line of a secret file (UTF-8, line end removed); raises `FileNotUsableError`."""
    try:
        with path.open("rb") as file:
            octets = file.read(_MAX_SECRET + 1)
        text = octets.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FileNotUsableError(path=str(path), reason="无法读取") from error
    if not text or len(octets) > _MAX_SECRET or any(c in text for c in "\r\n\0"):
        raise FileNotUsableError(path=str(path), reason="内容应为一行")
    return text
