"""`educa doctor`: what the service depends on, whether it is well, and how to mend it."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import click
import httpx
from cryptography import x509

from ca_service.cli.base import Call, Command, pass_call
from ca_service.config import ConfigError
from ca_service.domain.errors import DomainError
from ca_service.domain.holders import HolderStatus
from ca_service.domain.presigned import RunStatus
from ca_service.signing import delegated_keys
from ca_service.store import schema
from ca_service.wiring import Wiring
from ca_service.workflows.audit_checkpoints import INTERVAL
from ca_service.workflows.crl_alarms import concerns
from ca_service.workflows.crl_lines import all_lines
from ca_service.workflows.current_issuer import ROOT, current, current_issuer
from ca_service.workflows.infrastructure import signers

_FREE_SPACE = 200 * 1024 * 1024
_CHORES_LATE = timedelta(hours=3)


@dataclass(frozen=True)
class Finding:
    """One thing the service depends on. `mend` is empty when it is well."""

    what: str
    found: str
    mend: str = ""


Check = Callable[[Wiring], Finding]


@click.command("doctor", cls=Command)
@click.pass_context
@pass_call
def doctor(call: Call, context: click.Context) -> None:
    """检查服务所依赖的每一项，并说明如何修复。"""
    findings = [_run(name, check, call.wiring) for name, check in _CHECKS]
    rows = [{"what": f.what, "well": not f.mend, "found": f.found, "mend": f.mend} for f in findings]
    if call.as_json:
        call.show(rows, title="")
    else:
        for finding in findings:
            mark = "正常" if not finding.mend else "异常"
            click.echo(
                f"[{mark}] {finding.what}：{finding.found}" + (f"\n       → {finding.mend}" if finding.mend else "")
            )
    if any(finding.mend for finding in findings):
        click.echo("educa: 有异常项，请按提示处理。", err=True)
        context.exit(1)


def _run(name: str, check: Check, wiring: Wiring) -> Finding:
    try:
        return check(wiring)
    except (DomainError, ConfigError, OSError, httpx.HTTPError) as error:
        return Finding(name, str(error) or type(error).__name__, "请先解决此问题，再重新运行 educa doctor")


def _database(wiring: Wiring) -> Finding:
    with wiring.database.begin() as uow:
        units = len(uow.units.find())
    return Finding("数据库", f"可读写，{units} 个单位")


def _migrations(wiring: Wiring) -> Finding:
    present, wanted = schema.revisions(wiring.database.engine)
    mend = "" if present == wanted else "请停止服务，备份后重新运行 educa init --if-needed 以升级数据库结构"
    return Finding("数据库结构", f"版本 {present}，需要 {wanted}", mend)


def _key_device(wiring: Wiring) -> Finding:
    (device,) = wiring.devices()
    if not device.away:
        return Finding("密钥设备", f"{device.token} 可用")
    return Finding(
        "密钥设备", f"{device.token} 无法使用（{device.why}）。{_DEGRADED}", _MEND.get(device.why, _MEND_AWAY)
    )


_DEGRADED = (
    "暂停：证书下载、更新、人员证书，新的 CRL，账号变更，审计检查点，未预先签好的 OCSP（答复“稍后再试”）；"
    "照常：登录、登记、审核、介质、已发布的 CRL、已有的 OCSP 应答"
)
_MEND_AWAY = "请检查模块路径、介质是否插好、网络是否通；恢复后服务会自动重新登录，不必重新启动"
_WRONG_PIN = "PIN 不正确或已锁定：请改正 [secrets] issuing_pin 后重新启动服务，多次错误会锁死介质"
_MEND = {"PinIncorrect": _WRONG_PIN, "PinLocked": _WRONG_PIN, "locked": "请由保管人运行 educa ca unlock"}


def _root_key(wiring: Wiring) -> Finding:
    if wiring.config.hsm.root_unlock == "shares":
        certificate = x509.load_der_x509_certificate(wiring.ca_certificates()[ROOT])
        return _until(wiring, ROOT, "根 CA 密钥", "由保管人分持，未试用", certificate)
    return _key(wiring, ROOT, "根 CA 密钥")


def _issuing_key(wiring: Wiring) -> Finding:
    return _key(wiring, current_issuer(wiring.services), "签发 CA 密钥")


def _key(wiring: Wiring, name: str, what: str) -> Finding:
    certificate = x509.load_der_x509_certificate(wiring.authority(name).certificate)
    return _until(wiring, name, what, "可用", certificate)


def _until(wiring: Wiring, name: str, what: str, state: str, certificate: x509.Certificate) -> Finding:
    left = certificate.not_valid_after_utc - wiring.clock()
    mend = "" if left > _ENOUGH[name == ROOT] else _ENDING[name == ROOT]
    return Finding(what, f"{state}，证书至 {certificate.not_valid_after_utc:%Y-%m-%d}", mend)


# From then on the issuing CA's own end cuts the three years of what it issues; the root's cuts nothing for long.
_ENOUGH = (timedelta(days=4 * 365), timedelta(days=365))
_ENDING = (
    "签发 CA 证书剩余不足四年，新证书将被截短：请安排换发（educa ca roll-over --planned）",
    "根 CA 证书将在一年内到期：须另建体系，更换信任锚",
)


def _signer(wiring: Wiring, purpose: delegated_keys.Purpose) -> Finding:
    newest = delegated_keys.newest_signer(signers(wiring.services, purpose.profile), wiring.clock())
    if newest is None:
        return Finding(purpose.noun, "没有有效的证书", "请启动 educa worker，它会自动签发")
    delegated_keys.key_of(wiring.issuing_sessions, purpose, newest)
    left = newest.not_after - wiring.clock()
    mend = "" if left > timedelta(days=5) else "即将到期：请确认 educa worker 在运行"
    return Finding(purpose.noun, f"有效至 {newest.not_after:%Y-%m-%d}，密钥可用", mend)


def _checkpoint(wiring: Wiring) -> Finding:
    with wiring.database.read() as uow:
        last, (size, _) = uow.audit_tree.last(), uow.audit.head()
    if last is not None and size < last.size:
        return Finding(
            "审计检查点", f"日志 {size} 条，检查点 {last.size} 条", "日志变短：请运行 educa audit verify，通知审计员"
        )
    # Before the first one: since when there has been somebody to sign it.
    holders = signers(wiring.services, delegated_keys.AUDIT.profile)
    since = last.at if last else min((one.not_before for one in holders), default=wiring.clock())
    late = size > (last.size if last else 0) and wiring.clock() - since > 3 * INTERVAL
    mend = "请确认 educa worker 在运行，并运行 educa audit verify" if late else ""
    return Finding("审计检查点", f"{last.at:%Y-%m-%d %H:%M} UTC，{last.size} 条" if last else "还没有", mend)


def _custody_key(wiring: Wiring) -> Finding:
    return Finding("托管密钥", f"可用，公钥 {len(wiring.services.custody.public_key)} 字节")


def _crl(wiring: Wiring) -> Finding:
    with wiring.database.read() as uow:
        lines = all_lines(uow, wiring.clock())
        refused = {line.name: uow.crls.last_refused(line.name) for line in lines}
        absent = [line.name for line in lines if uow.crls.outlines(line.name)[1] is None]
    for name, held_back in refused.items():
        if held_back is not None:
            seen = f"{name} 第 {held_back.number} 号未通过发布前检查"
            return Finding("CRL", seen, f"请安全管理员核查（educa crl refused --list {name}）：{held_back.refusal}")
    if wanting := [*absent, *concerns(wiring.services)]:
        issuer = wanting[0].partition("-s")[0]
        seen = f"{'、'.join(wanting)} 的 CRL 不存在、已过期或将过期"
        mend = f"请确认密钥设备可用、educa worker 在运行，并运行 educa crl publish --issuer {issuer}"
        return Finding("CRL", seen, mend)
    return Finding("CRL", f"{len(lines)} 份均在有效期内")


def _mirror(wiring: Wiring) -> Finding:
    mirror = wiring.mirror()
    if mirror is None:
        return Finding("发布目录", "未配置")
    with wiring.database.read() as uow:
        lines = [line.name for line in all_lines(uow, wiring.clock())]
        numbers = {name: latest.number for name in lines if (latest := uow.crls.outlines(name)[1])}
    behind = [name for name, number in numbers.items() if mirror.number(f"crl/{name}.crl") < number]
    if not behind:
        return Finding("发布目录", f"{len(numbers)} 份 CRL 均为最新")
    return Finding("发布目录", f"{'、'.join(behind)} 不是最新", "请确认 educa worker 在运行、目录可写，并查看其日志")


def _ocsp(wiring: Wiring) -> Finding:
    url = wiring.config.service.publication
    answer = httpx.get(f"http://{url}/readyz", timeout=3)
    mend = "" if answer.is_success else "请查看 educa serve 的日志"
    return Finding("OCSP 与发布服务", answer.text.strip(), mend)


def _presigned(wiring: Wiring) -> Finding:
    what, ca = "预签的 OCSP 应答", wiring.config.ca
    with wiring.database.read() as uow:
        runs = uow.presign_runs.find(issuer=current(uow), status=RunStatus.FINISHED, order="-number", limit=1)
    if not runs:
        mend = "请确认 educa worker 在运行，或运行 educa ocsp presign" if ca.ocsp_presign_refresh else ""
        return Finding(what, "没有，每个应答在被问到时签名", mend)
    (run,) = runs
    served_until = run.started_at + (run.next_update - run.started_at) / 2
    mend = "" if wiring.clock() < served_until else "已不再使用：请运行 educa ocsp presign，或确认 educa worker 在运行"
    return Finding(what, f"{run.answers} 份，使用至 {served_until:%Y-%m-%d %H:%M} UTC", mend)


def _clock(wiring: Wiring) -> Finding:
    with wiring.database.read() as uow:
        signers_ever = uow.certificates.find(profile="ocsp-signer", holder_id=None)
        newest = max((c.created_at for c in signers_ever), default=wiring.clock())
    mend = "" if newest <= wiring.clock() else "系统时钟比已有记录早：请校准时间（例如 chrony）后再启动服务"
    return Finding("系统时钟", f"{wiring.clock():%Y-%m-%d %H:%M:%S} UTC", mend)


def _erasures(wiring: Wiring) -> Finding:
    what = "档案清除"
    with wiring.database.read() as uow:
        waiting, erased = uow.erasing.chores.find(order="since"), uow.holders.count(status=HolderStatus.ERASED)
    if waiting and wiring.clock() - waiting[0].since > _CHORES_LATE:
        mend = "请确认 educa worker 在运行，文件目录和 outbox 可写，再运行 educa erasures check"
        return Finding(what, f"还有 {len(waiting)} 项文件或残留没有删除", mend)
    return Finding(what, f"已清除 {erased} 人，待删除 {len(waiting)} 项")


def _disk(wiring: Wiring) -> Finding:
    free = shutil.disk_usage(wiring.config.folder).free
    mend = "" if free > _FREE_SPACE else "磁盘空间不足，请清理或扩容"
    return Finding("磁盘", f"剩余 {free // 1024 // 1024} MiB", mend)


_CHECKS: Sequence[tuple[str, Check]] = (
    ("数据库", _database),
    ("数据库结构", _migrations),
    ("密钥设备", _key_device),
    ("根 CA 密钥", _root_key),
    ("签发 CA 密钥", _issuing_key),
    ("OCSP 签名证书", partial(_signer, purpose=delegated_keys.OCSP)),
    ("账号变更签名证书", partial(_signer, purpose=delegated_keys.FEED)),
    ("审计检查点签名证书", partial(_signer, purpose=delegated_keys.AUDIT)),
    ("审计检查点", _checkpoint),
    ("托管密钥", _custody_key),
    ("CRL", _crl),
    ("发布目录", _mirror),
    ("OCSP 与发布服务", _ocsp),
    ("预签的 OCSP 应答", _presigned),
    ("档案清除", _erasures),
    ("系统时钟", _clock),
    ("磁盘", _disk),
)
COMMANDS = (doctor,)
