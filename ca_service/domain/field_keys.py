"""The keys under which personal fields and documents are sealed, by their names only; when one may be thrown away."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ca_service.clock import SHANGHAI
from ca_service.domain.errors import Conflict

QUIET = timedelta(minutes=10)
"""From the switch to a new key until the old one may go: every transaction that began before it has ended by then."""


@dataclass(frozen=True)
class KeyRing:
    """Names of keys: the current one seals, the others only open. `announced` is known everywhere but not used yet."""

    current: str
    announced: str | None
    retired: tuple[str, ...]
    switched_at: datetime | None


def require_retirable(ring: KeyRing, key_id: str, *, left: int, at: datetime) -> None:
    """Raise Conflict unless nothing can need this key any more. `left`: values that the current one does not seal."""
    if key_id not in ring.retired:
        raise Conflict(f"密钥 {key_id} 不在已停用的密钥之中（{'、'.join(ring.retired) or '没有'}），未作任何更改。")
    if left:
        raise Conflict(f"仍有 {left} 项数据用旧密钥加密，删除后将无法读取。请先运行 educa secrets rotate。")
    if ring.switched_at is not None and at < ring.switched_at + QUIET:
        when = (ring.switched_at + QUIET).astimezone(SHANGHAI).strftime("%H:%M:%S")
        raise Conflict(f"启用新密钥后须等待 {QUIET.seconds // 60} 分钟，以免仍有未结束的写入。请在 {when} 之后重试。")
