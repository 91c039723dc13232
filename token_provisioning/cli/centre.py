"""The commands of the information centre: what is plugged in, and making blank tokens ours."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pkcs11 import Token

from token_provisioning import box, initialise, sealing
from token_provisioning.attributes import AUTH_LABEL, FIRST_PIN_LABEL
from token_provisioning.cli import output
from token_provisioning.cli.options import (
    FOLDER,
    NEW_FILE,
    READABLE,
    json_option,
    module_option,
    read_secret,
    serial_option,
)
from token_provisioning.errors import FileNotUsableError
from token_provisioning.journal import Journal
from token_provisioning.keepers import FileKeeper
from token_provisioning.login import translated
from token_provisioning.marks import has_mark
from token_provisioning.module import Module, token_info
from token_provisioning.pkcs11_device import stored_certificates

_NUMBER = "{}"
_POLL_SECONDS = 1.0


@click.command("list", help="列出插入的介质。")
@module_option
@json_option
def list_tokens(module: Path, as_json: bool) -> None:
    """Print every slot that has a token, without login."""
    loaded = Module(module)
    documents = [_describe(token) for token in loaded.tokens()]
    lines = [output.token_line(document) for document in documents] or [str(loaded.nothing_there())]
    output.emit({"tokens": documents}, lines, as_json=as_json)


def _describe(token: Token) -> dict[str, Any]:
    certificate = first_pin = False
    if token_info(token).initialised:
        with translated(token), token.open() as session:
            certificate = any(stored.label == AUTH_LABEL for stored in stored_certificates(session))
            first_pin = has_mark(session, FIRST_PIN_LABEL)
    return output.token_document(token_info(token), certificate=certificate, first_pin=first_pin)


@click.command("init", help="初始化空白介质(信息中心用);介质上的内容将被清除。")
@click.option("--label", required=True, help="介质标签;成批时用 {} 表示编号，如 EDU-{}")
@click.option("--vendor-so-pin-file", type=READABLE, required=True, help="存有厂商管理 PIN 的文件")
@click.option("--erase", is_flag=True, help="介质不是空白时也重新初始化")
@click.option("--so-pin-out", type=NEW_FILE, help="单个:新管理 PIN 写入此文件(不得已存在)")
@click.option("--pin-out", type=NEW_FILE, help="单个:首个 PIN 写入此文件(不得已存在)")
@click.option("--all", "all_tokens", is_flag=True, help="成批:逐个初始化全部插入的空白介质，中断后再次运行即继续")
@click.option("--out", type=FOLDER, help="成批:结果文件夹(每个介质一个登记文件、首个 PIN 清单、日志)")
@click.option("--seal-to", type=READABLE, help="成批:CA 托管公钥(PEM)，管理 PIN 只以密文保存")
@click.option("--count", type=click.IntRange(min=1), help="成批:直到完成这么多个，等待插入下一个介质")
@serial_option
@module_option
@json_option
def init(module: Path, *, serial: str | None, all_tokens: bool, as_json: bool, **given: Any) -> None:
    """Initialise one token, or a box of them."""
    if all_tokens:
        if given["out"] is None or given["seal_to"] is None:
            raise click.UsageError("--all 需要 --out 和 --seal-to")
        _init_box(Module(module), as_json=as_json, **given)
        return
    if given["so_pin_out"] is None or given["pin_out"] is None:
        raise click.UsageError("需要 --so-pin-out 和 --pin-out(成批时用 --all)")
    _check_label(given["label"])
    loaded = Module(module)
    token = loaded.choose(serial)
    initialise.require_serial(token)
    made = initialise.initialise(
        loaded,
        token,
        initialise.Order(
            label=given["label"], vendor_so_pin=read_secret(given["vendor_so_pin_file"]), erase=given["erase"]
        ),
        keeper=FileKeeper(so_pin_file=given["so_pin_out"], pin_file=given["pin_out"]),
        random_bytes=os.urandom,
    )
    kept = f"管理 PIN:{given['so_pin_out']}，首个 PIN:{given['pin_out']}，请妥善保管。"
    output.emit(output.initialised_document(made), [f"介质 {made.serial} 已初始化。{kept}"], as_json=as_json)


def _init_box(module: Module, *, label: str, out: Path, count: int | None, as_json: bool, **given: Any) -> None:
    if label.count(_NUMBER) != 1:
        raise click.UsageError("成批时 --label 应含一个 {}，如 EDU-{}")
    _check_label(label.replace(_NUMBER, "000000"))
    order = box.BoxOrder(
        label=lambda number: label.replace(_NUMBER, f"{number:06d}"),
        vendor_so_pin=read_secret(given["vendor_so_pin_file"]),
        erase=given["erase"],
        reader=_reader(given["seal_to"]),
        random_bytes=os.urandom,
    )
    filled = box.Box(out, Journal(out / "journal.jsonl", clock=lambda: datetime.now(UTC)))
    failed = _fill(filled, module, order, count)
    document = {"folder": str(out), "done": len(filled.done), "failed": failed}
    lines = [f"已完成 {len(filled.done)} 个，失败 {failed} 个。结果在 {out}；打印首个 PIN 后请删除 first-pins.csv。"]
    output.emit(document, lines, as_json=as_json)
    if failed:
        raise SystemExit(1)


def _fill(filled: box.Box, module: Module, order: box.BoxOrder, count: int | None) -> int:
    """Initialise what is plugged in; with `count`, go on with what is plugged in later."""
    failed = 0
    for tokens in _arrivals(filled, module, count):
        with output.progress(len(tokens)) as report:
            failed += box.fill(filled, module, tokens, order, report)
    return failed


def _arrivals(filled: box.Box, module: Module, count: int | None) -> Iterator[list[Token]]:
    """Yield the tokens that were not seen before, again and again until `count` are done; without it, once."""
    seen: set[str] = set()
    while True:
        fresh = [token for token in module.usable() if token_info(token).serial not in seen]
        seen |= {token_info(token).serial for token in fresh}
        if fresh:
            yield fresh if count is None else fresh[: count - len(filled.done)]
        elif count is None:
            raise module.nothing_there()
        if count is None or len(filled.done) >= count:
            return
        time.sleep(_POLL_SECONDS)


def _check_label(label: str) -> None:
    if not 1 <= len(label.encode()) <= 32:
        raise click.UsageError("--label 应为 1 至 32 个字节")


def _reader(path: Path) -> Any:
    try:
        return sealing.load_reader(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FileNotUsableError(path=str(path), reason="不是 PEM 格式的 P-256 公钥") from error


COMMANDS = (list_tokens, init)
