"""`educa ca key-backup` and `key-restore`: one of the CA's tokens, with its custodians present."""

from pathlib import Path

import click

from ca_service.backup import keys
from ca_service.cli import custodian_desk, key_shares
from ca_service.cli.base import Call, pass_call
from ca_service.cli.ca import ca
from ca_service.custodians import Token
from ca_service.domain.errors import Conflict
from ca_service.workflows.key_shares import require_operator

_token = click.option("--token", type=click.Choice([t.value for t in Token]), required=True, help="哪个密钥设备")


@ca.command("key-backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_token
@click.option("--recipient", "recipients", multiple=True, metavar="AGE1…", help="接收者公钥，可多次给出")
@pass_call
def key_backup(call: Call, file: Path, token: str, recipients: tuple[str, ...]) -> None:
    """由保管人在场，单独备份一个密钥设备（SoftHSM），加密给接收者；不含口令。"""
    which = _held_by_custodians(call, token)
    given = custodian_desk.collect("备份")
    keys.take(call.wiring, call.actor, which, file, recipients=recipients, given=given)
    facts = {"file": str(file), "octets": file.stat().st_size}
    call.tell(facts, text=f"已备份到 {file}。恢复须有接收者的私钥，并由保管人输入份额。")


@ca.command("key-restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_token
@click.option("--identity", required=True, type=click.Path(dir_okay=False, path_type=Path), help="age 私钥文件")
@pass_call
def key_restore(call: Call, file: Path, token: str, identity: Path) -> None:
    """由保管人在场，放回丢失的密钥设备，并验证其中的 CA 密钥与证书相符、能够签名。"""
    which = _held_by_custodians(call, token)
    given = custodian_desk.collect("恢复")
    proven = keys.put_back(call.wiring, call.actor, which, file, identity=identity, given=given)
    call.tell({"keys": list(proven)}, text=f"密钥设备已恢复，{'、'.join(proven)} 的密钥验证无误。")


def _held_by_custodians(call: Call, token: str) -> Token:
    """Nobody copies a CA's key alone."""
    require_operator(call.services, call.actor)
    which, hsm = Token(token), call.config.hsm
    if (hsm.root_unlock if which is Token.ROOT else hsm.issuing_unlock) != "shares":
        raise Conflict(
            f"{token} 的口令在文件中，一人即可使用，不单独备份其密钥。请先运行 educa ca split-pin；"
            "整个 CA 的备份用 educa backup。"
        )
    return which


COMMANDS = key_shares.COMMANDS
