"""The commands of the holder: download, renew, look, change and unblock the PIN."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pkcs11 import Token

from token_provisioning import acts, settings
from token_provisioning.acts import Computer
from token_provisioning.cli import output
from token_provisioning.cli.options import (
    READABLE,
    ca_address,
    ca_options,
    json_option,
    module_option,
    new_pin_option,
    new_pin_source,
    one_pin,
    pin_options,
    present_pin,
    secret_or_ask,
    serial_option,
)
from token_provisioning.enrolment import Codes
from token_provisioning.errors import NewPinNeededError
from token_provisioning.first_pin import HolderPins
from token_provisioning.module import Module, token_info
from token_provisioning.patience import patiently
from token_provisioning.unblocking import Wish


def _download_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a download needs: codes, PINs, the CA, a token."""
    for add in (json_option, module_option, serial_option, ca_options, pin_options, new_pin_option):
        command = add(command)
    command = click.option("--code-file", type=READABLE, help="存有授权码的文件(省略则提示输入)")(command)
    return click.option("--reference", help="参考号(上次下载中断时可省略)")(command)


@click.command("enroll", help="凭参考号和授权码下载证书到介质;中断后可重复运行。")
@_download_options
def enroll(module: Path, serial: str | None, **given: Any) -> None:
    """Run the download on one token."""
    _enrol(Module(module).choose(serial), replacing=False, **given)


@click.command("replace", help="补办:在新介质上下载证书;CA 须已吊销遗失或损坏介质上的旧证书。")
@_download_options
def replace(module: Path, serial: str | None, **given: Any) -> None:
    """Run the download on the token that takes the place of a lost or broken one."""
    _enrol(Module(module).choose(serial), replacing=True, **given)


def _enrol(token: Token, *, replacing: bool, as_json: bool, **given: Any) -> None:
    ca, computer = ca_address(given["server"], given["ca_file"]), this_computer()
    reference = given["reference"] or acts.unfinished_reference(token, computer)
    if not reference:
        raise click.UsageError("请用 --reference 提供参考号")
    new_pin_file = given["new_pin_file"]
    pin, code = present_pin(given["pin_file"]), secret_or_ask(given["code_file"], "授权码")
    pins = HolderPins(
        current=pin,
        new=new_pin_source(new_pin_file),
        prepared=new_pin_file is not None,
        last_try=given["last_try"],
        known=(reference, code),
    )
    codes = Codes(reference=reference, authorisation_code=code, replacing=replacing)
    with patiently(output.notice):
        enrolled, holding = acts.enrol(token, ca, computer, pins=pins, codes=codes, report=output.step_reporter())
    now = computer.clock()
    document = output.holding_document(holding, serial=token_info(token).serial, at=now)
    output.emit(
        output.enrolled_document(enrolled, document),
        output.enrolled_lines(enrolled, output.holding_lines(holding, at=now)),
        as_json=as_json,
    )


@click.command("renew", help="证书到期前在线更新(原介质、新密钥);新证书启用前旧证书照常有效。")
@pin_options
@ca_options
@serial_option
@module_option
@json_option
def renew(
    module: Path,
    serial: str | None,
    *,
    server: str,
    ca_file: Path,
    pin_file: Path | None,
    last_try: bool,
    as_json: bool,
) -> None:
    """Renew the certificate on one token."""
    token, computer = Module(module).choose(serial), this_computer()
    pin = one_pin(pin_file, last_try=last_try)
    with patiently(output.notice):
        renewed = acts.renew(token, ca_address(server, ca_file), computer, pin=pin, report=output.step_reporter())
    now = computer.clock()
    document = output.holding_document(renewed.holding, serial=token_info(token).serial, at=now)
    lines = ["证书已更新并启用。", *output.holding_lines(renewed.holding, at=now)]
    output.emit({"state": "confirmed", "superseded": renewed.superseded, **document}, lines, as_json=as_json)


@click.command("show", help="显示介质上的证书和密钥属性。")
@pin_options
@serial_option
@module_option
@json_option
def show(module: Path, serial: str | None, *, pin_file: Path | None, last_try: bool, as_json: bool) -> None:
    """Print the certificate, its days left and the attributes of its key."""
    token = Module(module).choose(serial)
    with patiently(output.notice):
        holding = acts.show(token, pin=one_pin(pin_file, last_try=last_try))
    now = datetime.now(UTC)
    document = output.holding_document(holding, serial=token_info(token).serial, at=now)
    output.emit(document, output.holding_lines(holding, at=now), as_json=as_json)


@click.command("test", help="用介质上的密钥签名并以证书验证。")
@pin_options
@serial_option
@module_option
@json_option
def test(module: Path, serial: str | None, *, pin_file: Path | None, last_try: bool, as_json: bool) -> None:
    """Make a signature with the key and verify it with the certificate."""
    token = Module(module).choose(serial)
    with patiently(output.notice):
        holding = acts.test(token, this_computer(), pin=one_pin(pin_file, last_try=last_try))
    document = {
        "ok": True,
        "token_serial": token_info(token).serial,
        "certificate_serial": holding.certificate.serial,
    }
    output.emit(document, ["签名测试通过，证书可以使用。"], as_json=as_json)


@click.command("change-pin", help="修改 PIN。")
@new_pin_option
@pin_options
@serial_option
@module_option
@json_option
def change_pin(
    module: Path,
    serial: str | None,
    *,
    pin_file: Path | None,
    new_pin_file: Path | None,
    last_try: bool,
    as_json: bool,
) -> None:
    """Set a new PIN; the first-PIN mark goes with the first PIN."""
    token = Module(module).choose(serial)
    pin = one_pin(pin_file, last_try=last_try)
    with patiently(output.notice):
        acts.change_pin(token, pin=pin, new=_new_pin(new_pin_file))
    document = {"changed": True, "token_serial": token_info(token).serial}
    output.emit(document, ["PIN 已修改。"], as_json=as_json)


@click.command("unblock", help="凭解锁码解锁介质并设置新 PIN;证书保留。")
@click.option("--release-code-file", type=READABLE, help="存有解锁码的文件(省略则提示输入)")
@new_pin_option
@ca_options
@serial_option
@module_option
@json_option
def unblock(module: Path, serial: str | None, *, server: str, ca_file: Path, as_json: bool, **files: Any) -> None:
    """Set a new PIN by a release of the CA."""
    loaded = Module(module)
    token, ca = loaded.choose(serial), ca_address(server, ca_file)
    code = secret_or_ask(files["release_code_file"], "解锁码")
    wish = Wish(release_code=code, new_pin=_new_pin(files["new_pin_file"]))
    with patiently(output.notice):
        acts.unblock(loaded, token, ca, this_computer(), wish=wish, report=output.step_reporter())
    document = {"unblocked": True, "token_serial": token_info(token).serial}
    output.emit(document, ["介质已解锁，新 PIN 已生效，证书保留。"], as_json=as_json)


def this_computer() -> Computer:
    """The real clock and random source, and the folder of this user."""
    return Computer(
        home=settings.home(),
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        random_bytes=os.urandom,
    )


def _new_pin(new_pin_file: Path | None) -> str:
    source = new_pin_source(new_pin_file)
    if source is None:
        raise NewPinNeededError
    return source()


COMMANDS = (enroll, replace, renew, show, test, change_pin, unblock)
