"""`educa-token`: the helper on the command line. Exit 0 done, 1 refused or failed, 2 usage."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pkcs11
from pkcs11 import Token

from token_provisioning import certificates, cli_output, enrolment, holdings
from token_provisioning.attributes import AUTH_LABEL, FIRST_PIN_LABEL
from token_provisioning.cli_input import (
    NEW_FILE,
    READABLE,
    ask,
    json_option,
    module_option,
    new_pin_source,
    pin_options,
    present_pin,
    read_secret,
    serial_option,
)
from token_provisioning.errors import FileNotUsableError, NewPinNeededError, TokenError
from token_provisioning.first_pin import HolderPins, open_holder
from token_provisioning.http_client import HttpCaClient
from token_provisioning.initialise import Secrets, initialise
from token_provisioning.login import open_user, translated
from token_provisioning.module import Module, token_info
from token_provisioning.pins import check_new_pin
from token_provisioning.pkcs11_device import Pkcs11Device, has_mark, stored_certificates


@click.group(help="教育CA证书助手:在 UKEY 介质上下载和使用证书。")
def group() -> None:
    """Hold the commands together."""


@group.command("list", help="列出插入的介质。")
@module_option
@json_option
def list_tokens(module: Path, as_json: bool) -> None:
    """Print every slot that has a token, without login."""
    documents = [_describe(token) for token in Module(module).tokens()]
    lines = [cli_output.token_line(document) for document in documents] or ["未检测到介质。"]
    cli_output.emit({"tokens": documents}, lines, as_json=as_json)


def _describe(token: Token) -> dict[str, Any]:
    certificate = first_pin = False
    if token_info(token).initialised:
        with translated(token), token.open() as session:
            certificate = any(stored.label == AUTH_LABEL for stored in stored_certificates(session))
            first_pin = has_mark(session, FIRST_PIN_LABEL)
    return cli_output.token_document(token_info(token), certificate=certificate, first_pin=first_pin)


@group.command("init", help="初始化空白介质(信息中心用);介质上的内容将被清除。")
@module_option
@serial_option
@click.option("--label", required=True, help="介质标签")
@click.option("--vendor-so-pin-file", type=READABLE, required=True, help="存有厂商管理 PIN 的文件")
@click.option("--so-pin-out", type=NEW_FILE, required=True, help="新管理 PIN 写入此文件(不得已存在)")
@click.option("--pin-out", type=NEW_FILE, required=True, help="首个 PIN 写入此文件(不得已存在)")
@click.option("--erase", is_flag=True, help="介质不是空白时也重新初始化")
@json_option
def init(
    module: Path,
    serial: str | None,
    *,
    label: str,
    vendor_so_pin_file: Path,
    so_pin_out: Path,
    pin_out: Path,
    erase: bool,
    as_json: bool,
) -> None:
    """Initialise one token and print what the registry of media needs."""
    if not 1 <= len(label.encode()) <= 32:
        raise click.UsageError("--label 应为 1 至 32 个字节")
    loaded = Module(module)
    made = initialise(
        loaded,
        loaded.choose(serial),
        label=label,
        vendor_so_pin=read_secret(vendor_so_pin_file),
        secrets=Secrets(so_pin_file=so_pin_out, pin_file=pin_out),
        erase=erase,
        random_bytes=os.urandom,
    )
    lines = [f"介质 {made.serial} 已初始化。管理 PIN:{so_pin_out}，首个 PIN:{pin_out}，请妥善保管。"]
    cli_output.emit(cli_output.initialised_document(made), lines, as_json=as_json)


@dataclass(frozen=True, kw_only=True)
class _CaOptions:
    server: str
    ca_file: Path
    reference: str
    code_file: Path | None


@group.command("enroll", help="凭参考号和授权码下载证书到介质;中断后可重复运行。")
@module_option
@serial_option
@click.option("--server", required=True, help="CA 服务器地址，如 https://ca.example.edu.cn:8443")
@click.option("--ca-file", type=READABLE, required=True, help="教育CA根证书(PEM)")
@click.option("--reference", required=True, help="参考号")
@click.option("--code-file", type=READABLE, help="存有授权码的文件(省略则提示输入)")
@click.option("--new-pin-file", type=READABLE, help="存有新 PIN 的文件(首次使用须修改 PIN)")
@pin_options
@json_option
def enroll(
    module: Path,
    serial: str | None,
    *,
    pin_file: Path | None,
    new_pin_file: Path | None,
    last_try: bool,
    as_json: bool,
    **ca_options: Any,
) -> None:
    """Run the enrolment on one token."""
    options = _CaOptions(**ca_options)
    if not options.server.startswith("https://"):
        raise click.UsageError("--server 应以 https:// 开头:授权码不能明文传送")
    around = enrolment.Surroundings(
        anchors=_anchors(options.ca_file),
        clock=_now,
        random_bytes=os.urandom,
        report=cli_output.step_reporter(),
    )
    token = Module(module).choose(serial)
    pins = HolderPins(
        current=present_pin(pin_file),
        new=new_pin_source(new_pin_file),
        prepared=new_pin_file is not None,
        last_try=last_try,
    )
    codes = enrolment.Codes(reference=options.reference, authorisation_code=_code(options.code_file))
    with (
        HttpCaClient(options.server, options.ca_file, monotonic=time.monotonic) as ca,
        translated(token),
        open_holder(token, pins) as session,
    ):
        device = Pkcs11Device(session)
        enrolled = enrolment.enrol(device, ca, codes, around)
        holding = holdings.Holding(
            certificate=certificates.summary(enrolled.certificate),
            pair=enrolled.pair,
            attributes=enrolled.attributes,
        )
        document = cli_output.holding_document(holding, serial=device.serial, at=_now())
    cli_output.emit(
        cli_output.enrolled_document(enrolled, document),
        cli_output.enrolled_lines(enrolled, cli_output.holding_lines(holding, at=_now())),
        as_json=as_json,
    )


@group.command("show", help="显示介质上的证书和密钥属性。")
@module_option
@serial_option
@pin_options
@json_option
def show(module: Path, serial: str | None, *, pin_file: Path | None, last_try: bool, as_json: bool) -> None:
    """Print the certificate, its days left and the attributes of its key."""
    with _logged_in(module, serial, pin_file=pin_file, last_try=last_try) as device:
        holding = holdings.current(device)
        document = cli_output.holding_document(holding, serial=device.serial, at=_now())
    cli_output.emit(document, cli_output.holding_lines(holding, at=_now()), as_json=as_json)


@group.command("test", help="用介质上的密钥签名并以证书验证。")
@module_option
@serial_option
@pin_options
@json_option
def test(module: Path, serial: str | None, *, pin_file: Path | None, last_try: bool, as_json: bool) -> None:
    """Make a signature with the key and verify it with the certificate."""
    with _logged_in(module, serial, pin_file=pin_file, last_try=last_try) as device:
        holding = holdings.current(device)
        holdings.prove(device, holding, os.urandom)
        document = {
            "ok": True,
            "token_serial": device.serial,
            "certificate_serial": holding.certificate.serial,
        }
    cli_output.emit(document, ["签名测试通过，证书可以使用。"], as_json=as_json)


@group.command("change-pin", help="修改 PIN。")
@module_option
@serial_option
@click.option("--new-pin-file", type=READABLE, help="存有新 PIN 的文件(省略则提示输入)")
@pin_options
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
    old, source = present_pin(pin_file), new_pin_source(new_pin_file)
    if source is None:
        raise NewPinNeededError
    new = source()
    check_new_pin(new, old=old)
    with translated(token), open_user(token, old, last_try=last_try) as session:
        device = Pkcs11Device(session)
        device.change_pin(old=old, new=new)
        device.clear_mark(FIRST_PIN_LABEL)
        document = {"changed": True, "token_serial": device.serial}
    cli_output.emit(document, ["PIN 已修改。"], as_json=as_json)


@contextmanager
def _logged_in(module: Path, serial: str | None, *, pin_file: Path | None, last_try: bool) -> Iterator[Pkcs11Device]:
    token = Module(module).choose(serial)
    pin = present_pin(pin_file)
    with translated(token), open_user(token, pin, last_try=last_try) as session:
        yield Pkcs11Device(session)


def _code(code_file: Path | None) -> str:
    return ask("授权码") if code_file is None else read_secret(code_file)


def _anchors(path: Path) -> list[Any]:
    try:
        return certificates.load_anchors(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FileNotUsableError(path=str(path), reason="不是 PEM 格式的 CA 证书") from error


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Run the command line; the only place that turns errors into exit codes."""
    try:
        group(prog_name="educa-token")
    except TokenError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except pkcs11.PKCS11Error as error:
        click.echo(f"介质操作失败({type(error).__name__})。请重新插入介质后重试。", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
