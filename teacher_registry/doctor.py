"""Is everything there that the registry needs? Each check says what it saw, and how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy.exc import SQLAlchemyError

from teacher_registry.accounts import chain
from teacher_registry.config import Config, ConfigError
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import UnavailableError
from teacher_registry.serving import build_server
from teacher_registry.verification.revocation import UntrustedAnswerError
from teacher_registry.wiring import Registry

_SOON = timedelta(days=30)
_MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
_MAX_WAITING = timedelta(minutes=10)


class SickError(Exception):
    """A check failed: what was seen, and how to mend it."""

    def __init__(self, seen: str, mend: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.mend = mend


@dataclass(frozen=True)
class Finding:
    """One check's outcome; `mend` is empty when it is well."""

    check: str
    well: bool
    seen: str
    mend: str = ""


def examine(config: Config, registry: Registry) -> list[Finding]:
    """All checks, in order; none of them stops the next."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("数据库与日志", lambda: _log(registry)),
        ("CA证书", lambda: _authorities(registry)),
        ("服务器TLS证书", lambda: _server(config, registry)),
        ("根CRL", lambda: _list(registry.gate.root_crl, registry, config.root_crl_url)),
        ("签发CRL", lambda: _list(registry.gate.issuing_crl, registry, config.crl_url)),
        *_beside(config, registry),
        ("OCSP", lambda: _ocsp(config, registry)),
        ("时钟", lambda: _clock(config, registry)),
        ("账号变更通知", lambda: _feed(registry)),
        ("首次登录上报", lambda: _reports(registry)),
        ("短信待发", lambda: _outbox(config, registry)),
    ]
    return [_finding(name, check) for name, check in checks]


def _beside(config: Config, registry: Registry) -> list[tuple[str, Callable[[], str]]]:
    """The list of the other issuing CA, where there is one."""
    gate, also = registry.gate.beside, config.also
    if gate is None or also is None:
        return []
    return [("另一签发CRL", lambda: _list(gate.issuing_crl, registry, also.crl_url))]


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, well=True, seen=check())
    except SickError as error:
        return Finding(name, well=False, seen=error.seen, mend=error.mend)
    except (ConfigError, OSError, ValueError) as error:
        return Finding(name, well=False, seen=str(error) or type(error).__name__, mend="检查配置中的相应项")


def _log(registry: Registry) -> str:
    try:
        seq, fits = chain.head_fits(registry.sessions)
    except SQLAlchemyError as error:
        raise SickError(type(error).__name__, "检查 [registry] database 和数据库服务") from error
    if not fits:
        raise SickError("日志末尾与链头不符", "立即停用，保留数据库作为证据，并运行 teacher-registry log verify")
    return f"可用；日志共 {seq} 条"


def _authorities(registry: Registry) -> str:
    now = registry.clock()
    pinned = [("根", registry.gate.trust.root), ("签发", registry.gate.trust.issuing)]
    if registry.gate.beside is not None:
        pinned.append(("另一签发", registry.gate.beside.trust.issuing))
    for name, certificate in pinned:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SickError(f"{name}证书不在有效期内", "核对本机日期；从CA取得新的证书，更新 anchor 和 issuing")
    return f"签发证书有效期至 {registry.gate.trust.issuing.not_valid_after_utc:%Y-%m-%d}"


def _server(config: Config, registry: Registry) -> str:
    if config.tls_certificate is None:
        return f"由代理（{config.proxy}）负责"
    build_server(config, None)
    until = x509.load_pem_x509_certificate(config.tls_certificate.read_bytes()).not_valid_after_utc
    if until - registry.clock() < _SOON:
        raise SickError(f"有效期至 {until:%Y-%m-%d}", "更换 tls_certificate 和 tls_key，然后重启")
    return f"有效期至 {until:%Y-%m-%d}"


def _list(source: CrlSource, registry: Registry, url: str) -> str:
    try:
        source.status(registry.gate.trust.issuing)
    except UntrustedAnswerError:
        pass  # the list is there and good; it says nothing about this certificate, which is not the question
    except UnavailableError as error:
        raise SickError(str(error), f"确认能访问 {url}，且CA按时发布CRL") from error
    return "最新"


def _ocsp(config: Config, registry: Registry) -> str:
    """Asked for a certificate that was never issued, an honest responder says "unknown", signed."""
    ocsp = registry.gate.ocsp
    if ocsp is None:
        return "未配置，由CRL决定"
    try:
        status = ocsp.status(_never_issued(registry.gate.trust.issuing), fresh=True)
    except (UnavailableError, UntrustedAnswerError) as error:
        raise SickError(str(error), f"确认能访问 {config.ocsp_url}") from error
    return f"有应答，签名有效（{status}）"


def _never_issued(issuing: x509.Certificate) -> x509.Certificate:
    """Something to ask about: our CA's name and a random serial, under a key that is thrown away."""
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    times = (issuing.not_valid_before_utc, issuing.not_valid_after_utc)
    builder = x509.CertificateBuilder(issuing.subject, name, key.public_key(), x509.random_serial_number(), *times)
    return builder.sign(key, None)


def _clock(config: Config, registry: Registry) -> str:
    try:
        told = httpx.get(config.crl_url, timeout=config.fetch_timeout_seconds, trust_env=False).headers.get("Date", "")
        theirs = parsedate_to_datetime(told).astimezone(UTC)
    except (httpx.HTTPError, ValueError) as error:
        raise SickError("CA的时间无法取得", f"确认能访问 {config.crl_url}") from error
    difference = abs(registry.clock() - theirs)
    if difference > _MAX_CLOCK_DIFFERENCE:
        raise SickError(f"与CA相差 {difference.total_seconds():.0f} 秒", "校准本机时钟（NTP）")
    return "与CA一致"


def _feed(registry: Registry) -> str:
    if not isinstance(registry.news, FeedPuller):
        return "未配置，账号停用只靠证书状态"
    good = registry.news.poll()
    position = registry.standings.position()
    if not good:
        raise SickError(f"停在第 {position.seq} 条", "查看日志中的 account feed；确认 feed_url、feed_token 和CA服务")
    return f"已应用到第 {position.seq} 条"


def _reports(registry: Registry) -> str:
    if registry.reporter is None:
        return "未配置，CA的进度看板不知道谁已登录"
    if not registry.reporter.send():
        raise SickError(f"{registry.reporter.waiting()} 条未报出", "确认 sign_ins_url、feed_token 和CA服务")
    return "已全部报出" if not registry.reporter.waiting() else "正在分批报出"


def _outbox(config: Config, registry: Registry) -> str:
    if config.outbox is None:
        return "未配置，密码只在屏幕显示"
    now = registry.clock()
    ages = [now - datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in config.outbox.glob("*.json")]
    late = [age for age in ages if age > _MAX_WAITING]
    if late:
        raise SickError(f"{len(late)} 条短信等待超过10分钟", "检查短信网关是否在取 outbox 中的文件")
    return f"{len(ages)} 条等待发送"
