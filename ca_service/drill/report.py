"""What a drill says at the end: a table for people, a document for programs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ca_service.drill.drilling import Outcome
from ca_service.drill.invariants import CHINESE

_BLOWS: Mapping[str, str] = MappingProxyType(
    {"kill": "杀死进程", "token": "拿走密钥设备", "database": "断开数据库", "disk": "磁盘写满", "clock": "拨动时钟"}
)
_ACTS: Mapping[str, str] = MappingProxyType(
    {
        "issue": "签发", "renew": "更新", "freeze": "冻结", "revoke": "吊销", "publish": "发布 CRL",
        "back": "往回", "forward": "往前",
    }
)  # fmt: skip
_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "before-transaction": "事务开始前", "before-commit": "提交前", "after-commit": "提交后",
        "before-signature": "签名前", "after-signature": "签名后", "audit": "独立核对", "prepare": "准备", "": "无故障",
    }
)  # fmt: skip
_SEEN: Mapping[str, str] = MappingProxyType({"killed": "进程死亡，重启后再办", "done": "办完", "": "未能办理"})


def rows(outcomes: Sequence[Outcome]) -> Sequence[Mapping[str, Any]]:
    """One row for each fault, in Chinese."""
    return [
        {
            "演练": _scenario(one.scenario),
            "位置": _place(one.place),
            "所见": "；".join(_SEEN.get(seen, f"拒绝：{seen}") for seen in one.seen.split("; ")),
            "不变量": "全部成立"
            if not one.violations
            else "；".join(f"{CHINESE[v.invariant]}：{v.detail}" for v in one.violations),
        }
        for one in outcomes
    ]


def document(outcomes: Sequence[Outcome], **about: Any) -> Mapping[str, Any]:
    """The whole drill as JSON."""
    return {
        **about,
        "faults": len(outcomes),
        "violations": sum(len(one.violations) for one in outcomes),
        "outcomes": [
            {
                "scenario": one.scenario,
                "place": one.place,
                "seen": one.seen,
                "violations": [{"invariant": v.invariant.value, "detail": v.detail} for v in one.violations],
            }
            for one in outcomes
        ],
    }


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Keep the document in a file; raise OSError."""
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _scenario(name: str) -> str:
    blow, _, act = name.partition("-")
    return f"{_ACTS.get(act, act)}时{_BLOWS.get(blow, blow)}" if blow != "clock" else f"{_BLOWS[blow]}（{_ACTS[act]}）"


def _place(name: str) -> str:
    step, colon, what = name.rpartition(": ")
    kind, blank, number = what.partition(" ")
    return f"{step}{colon}{_PLACES.get(kind, kind)}{blank}{number}"
