"""What the commands print: JSON for programs, Chinese for people, steps on a terminal's stderr."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from token_provisioning.device import TokenInfo
from token_provisioning.errors import TokenError, printable
from token_provisioning.holdings import Holding
from token_provisioning.initialise import InitialisedToken
from token_provisioning.issuance import Enrolled, Step
from token_provisioning.unblocking import UnblockStep

_LOCAL = ZoneInfo("Asia/Shanghai")
STEP_TEXTS: dict[StrEnum, str] = {
    Step.BEGUN: "身份和介质已通过",
    Step.KEY_READY: "密钥已在介质内就绪(不可导出)",
    Step.ISSUED: "已收到证书",
    Step.CHECKED: "证书检查通过",
    Step.WRITTEN: "证书已写入介质",
    Step.CONFIRMED: "已用新密钥签名确认",
    UnblockStep.BEGUN: "解锁码已通过",
    UnblockStep.RELEASED: "信息中心已放行",
    UnblockStep.PIN_SET: "新 PIN 已设置",
    UnblockStep.CONFIRMED: "已签名确认",
}
_ONLY_YOURS = "证书仅限本人使用，不得外借。"


def emit(document: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    """Print the document or the lines on stdout."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        for line in lines:
            click.echo(printable(line))


def notice(text: str) -> None:
    """Tell the person something beside the result."""
    click.echo(text, err=True)


def step_reporter() -> Callable[[StrEnum], None]:
    """Return the function that is told of each step; silent unless stderr is a terminal."""
    console = Console(stderr=True)

    def report(step: StrEnum) -> None:
        if console.is_terminal:
            steps = list(type(step))
            console.print(f"[green]✓[/green] {steps.index(step) + 1}/{len(steps)} {STEP_TEXTS[step]}")

    return report


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, TokenError | None], None]]:
    """Show a bar on a terminal's stderr; the function given is told of each token, and prints what failed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("初始化介质", total=total)

        def report(serial: str, error: TokenError | None) -> None:
            bar.advance(task)
            if error is not None:
                bar.console.print(printable(f"{serial}:{error}"), markup=False, highlight=False, soft_wrap=True)

        yield report


def rfc3339(at: datetime) -> str:
    """Write a time in UTC with Z, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def token_document(info: TokenInfo, *, certificate: bool, first_pin: bool) -> dict[str, Any]:
    """Describe one slot for `list`; the PIN flags are the token's own words."""
    return {
        "slot": info.slot,
        "serial": info.serial,
        "label": printable(info.label),
        "model": printable(info.model),
        "manufacturer": printable(info.manufacturer),
        "initialised": info.initialised,
        "user_pin_set": info.user_pin_set,
        "pin": {
            "locked": info.pin_locked,
            "final_try": info.pin_final_try,
            "count_low": info.pin_count_low,
            "to_be_changed": info.pin_to_be_changed or first_pin,
        },
        "certificate": certificate,
    }


def token_line(document: dict[str, Any]) -> str:
    """Describe one slot for a person."""
    pin = document["pin"]
    notes = [
        "已初始化" if document["initialised"] else "未初始化",
        "有证书" if document["certificate"] else "无证书",
    ]
    flags = {"locked": "PIN 已锁定", "final_try": "PIN 只剩最后一次", "count_low": "PIN 曾输错"}
    notes += [text for flag, text in flags.items() if pin[flag]]
    if pin["to_be_changed"]:
        notes.append("首次使用须改 PIN")
    return f"{document['serial'] or '(无序列号)'}  {document['label']}  {document['model']}  {'，'.join(notes)}"


def initialised_document(made: InitialisedToken) -> dict[str, Any]:
    """Describe an initialised token as the registry of media takes it."""
    return {
        "serial": made.serial,
        "label": printable(made.label),
        "model": printable(made.model),
        "manufacturer": printable(made.manufacturer),
        "binding_public_key": base64.b64encode(made.binding_public_key).decode("ascii"),
    }


def holding_document(holding: Holding, *, serial: str, at: datetime) -> dict[str, Any]:
    """Describe the certificate on a token with its key; `at` is now."""
    certificate = holding.certificate
    return {
        "token_serial": serial,
        "certificate_serial": certificate.serial,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": rfc3339(certificate.not_before),
        "not_after": rfc3339(certificate.not_after),
        "days_left": certificate.days_left(at),
        "key": {
            "id": holding.pair.key_id.hex(),
            "algorithm": holding.pair.algorithm.value,
            **asdict(holding.attributes),
        },
        "certificate_pem": certificate.pem,
    }


def holding_lines(holding: Holding, *, at: datetime) -> list[str]:
    """Describe the certificate on a token for its holder."""
    certificate, days = holding.certificate, holding.certificate.days_left(at)
    until = certificate.not_after.astimezone(_LOCAL).strftime("%Y-%m-%d %H:%M")
    left = f"还有 {days} 天" if days >= 0 else "已过期"
    safe = holding.attributes.never_extractable and holding.attributes.local
    return [
        f"持有人:{certificate.subject}",
        f"证书序列号:{certificate.serial}",
        f"有效期至:{until}({left})",
        f"密钥:{holding.pair.algorithm.value}，{'在介质内生成，不可导出' if safe else '不满足不可导出要求'}",
    ]


def enrolled_document(enrolled: Enrolled, holding: dict[str, Any]) -> dict[str, Any]:
    """Describe a finished enrolment: what `show` says, and whose it is."""
    begun = enrolled.begun
    return {"state": "confirmed", "holder": begun.holder, "unit": begun.unit, **holding}


def enrolled_lines(enrolled: Enrolled, lines: list[str]) -> list[str]:
    """Describe a finished enrolment to the holder."""
    return [f"{enrolled.begun.unit} {enrolled.begun.holder}:证书已下载并启用。", *lines, _ONLY_YOURS]
