"""Where custodians sit: they type their shares one after the other, unseen, or are told their new ones."""

import sys
from collections.abc import Sequence

import click

from ca_service import custodians
from ca_service.cli.base import Call
from ca_service.domain import shares
from ca_service.domain.errors import Conflict, DomainError
from ca_service.domain.shares import Share
from ca_service.workflows.key_shares import require_operator

_TOKENS = {"root": "根密钥", "issuing": "签发密钥"}


def collect(what: str) -> Sequence[Share]:
    """So many shares as are needed; a person who mistyped tries again, a program's input is refused."""
    given: list[Share] = []
    while not given or len(given) < given[0].threshold:
        needed = f"/{given[0].threshold}" if given else ""
        text = _typed(f"{what}：请第 {len(given) + 1}{needed} 位保管人输入份额（不显示）")
        if not text:
            break
        try:
            given.append(_fitting(given, shares.read(text)))
        except DomainError as error:
            if not sys.stdin.isatty():
                raise
            click.echo(f"educa: {error.detail}", err=True)
    return given


def _fitting(given: Sequence[Share], share: Share) -> Share:
    if given:
        shares.require_new(given, share)
    return share


def _typed(prompt: str) -> str:
    """What a person types, or the next line; nothing at the end of the input."""
    if sys.stdin.isatty():
        typed: str = click.prompt(prompt, hide_input=True, default="", show_default=False, err=True)
        return typed
    return next((line for line in sys.stdin if line.strip()), "")


def open_root(call: Call) -> None:
    """Before a command uses the root: ask its custodians, where they hold the PIN."""
    if call.config.hsm.root_unlock == "shares":
        require_operator(call.services, call.actor)
        custodians.open_root(call.wiring, call.actor, collect(_TOKENS["root"]))


def tell(token: str, made: Sequence[Share]) -> None:
    """A sheet for each custodian, typed back from the copy: nobody may find out later that a copy is bad."""
    for share in made:
        text = shares.text_of(share)
        click.echo(_sheet(token, share, text, of=len(made)))
        if sys.stdin.isatty():
            _confirm(share, text)
            click.clear()


def _confirm(share: Share, text: str) -> None:
    for _ in range(5):
        back = click.prompt(f"第 {share.number} 位保管人抄好后，照抄件输入整份份额", hide_input=True, err=True)
        try:
            if shares.read(back) == shares.read(text):
                return
        except DomainError as error:
            click.echo(f"educa: {error.detail}", err=True)
    raise Conflict("抄件与份额不符，没有更改口令。请重新分割，已抄的份额作废。")


def _sheet(token: str, share: Share, text: str, *, of: int) -> str:
    """One page: a form feed lets a printer begin the next custodian's on another."""
    groups = text.split("-")
    lines = ["  ".join(groups[at : at + 5]) for at in range(0, len(groups), 5)]
    return "\n".join(
        [
            f"教育CA {_TOKENS[token]}口令 份额第 {share.number} 号（共 {of} 份，任意 {share.threshold} 份可用）",
            f"分割编号 {share.set_id.hex()}",
            "",
            *(f"    {line}" for line in lines),
            "",
            "仅限保管人本人，密封存放于不同地点；不得拍照、转录到任何设备。字母 O、I、L 不会出现。",
            "\f",
        ]
    )
