"""The keys of details of audit entries in Chinese, and how their values are read.

A key that is new to the code needs its line here (tests/ca_service/audit_log/test_words.py collects them from the
sources, and the test-suite looks at every entry that any test writes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ca_service.audit import value_words as w
from ca_service.domain.audit import Tag


@dataclass(frozen=True)
class Key:
    """A key's label. `values`: all the values it can have (with `many`: joined by commas); none: numbers, identifiers
    and what people type, shown as they are. `read`: what makes such a text readable."""

    label: str
    values: Mapping[str, str] | None = None
    many: bool = False
    read: Callable[[str], str] | None = None

    def text(self, value: str) -> tuple[str, bool]:
        """The value in Chinese, and whether it was known."""
        if self.values is None:
            return (self.read(value) if self.read else value), True
        parts = value.split(",") if self.many else [value]
        # Nothing chosen is a value of every table.
        known = {"": "（无）", **self.values}
        return "、".join(known.get(part, part) for part in parts), all(part in known for part in parts)


KEYS: Mapping[str, Key] = MappingProxyType({
    # What was done, why, on whose decision
    "action": Key("所请求的操作", w.ACTIONS),
    "act": Key("事项", w.UNIT_ACTS),
    "acts": Key("导出的事项（代码）"),
    "alarm": Key("告警", w.CRL_ALARMS),
    "certificate": Key("对证书的处理", w.CERTIFICATE_ACTS),
    "crl_reason": Key("列入吊销列表的原因", w.CRL_REASONS),
    "decision": Key("决定", w.DECISIONS),
    "duty": Key("人员类别", w.DUTIES),
    "fields": Key("更改的内容", w.FIELDS, many=True),
    "form": Key("表单", w.FORMS),
    "ground": Key("依据"),
    "kind": Key("拒绝的原因", w.ERROR_KINDS),
    "list": Key("列表", w.LISTS),
    "method": Key("方式", w.METHODS),
    "only-unit": Key("只限本单位", w.YES_NO),
    "outcome": Key("结果", w.ARRIVALS),
    "proposal": Key("须双人确认的事项", w.PROPOSALS),
    "profile": Key("证书种类", w.PROFILES),
    "reason": Key("原因", read=w.own_reason),
    "roles": Key("角色", w.ROLES, many=True),
    "roles-before": Key("原角色", w.ROLES, many=True),
    "second-factor": Key("一并清除第二验证方式", w.YES_NO),
    "why": Key("原因（检查程序原文）"),
    # About what else
    "actor": Key("经办人"),
    "crl": Key("列表名称"),
    "proposed_by": Key("提出人"),
    "seen": Key("差异校验值"),
    "serials": Key("涉及的序列号"),
    "application": Key("接任者的申请"),
    "before": Key("原扫描件（哈希）"),
    "case": Key("事项编号"),
    "first": Key("起始序号"),
    "holder": Key("持证人"),
    "issuer": Key("签发者", read=w.issuer),
    "of": Key("上传人所在单位"),
    "operator": Key("操作员"),
    "original": Key("原清除编号"),
    "others": Key("其余申请"),
    "release": Key("解锁编号"),
    "renewal": Key("更新编号"),
    "second": Key("第二份申请"),
    "serial": Key("证书序列号"),
    "source": Key("来源地址"),
    "stop": Key("停用申请"),
    "subject": Key("对象"),
    "custodians": Key("保管人份额号"),
    "set_id": Key("分割编号"),
    "shares": Key("所需份数/总份数"),
    "successor_to": Key("接替哪个签发 CA", read=w.issuer),
    "target": Key("目标单位"),
    "to": Key("去向单位"),
    "token": Key("介质序列号"),
    "unit": Key("单位"),
    "unit-before": Key("原单位"),
    # Fingerprints
    "approved": Key("审核时的内容（哈希）"),
    "issuing": Key("签发 CA 证书（哈希）"),
    "record": Key("清除内容清单（哈希）"),
    "root": Key("根 CA 证书（哈希）"),
    "scan": Key("扫描件（哈希）"),
    "sha256": Key("内容（哈希）"),
    "sheet": Key("电子表格（哈希）"),
    # Numbers
    "absent": Key("未领取"),
    "added": Key("新增单位数"),
    "bad": Key("有误的行数"),
    "count": Key("份数"),
    "damaged": Key("损坏数"),
    "documents": Key("文件数"),
    "delta_base": Key("增量所依据的列表号"),
    "ended": Key("结束的登录数"),
    "extra": Key("清单外数"),
    "fit": Key("可录入的行数"),
    "last": Key("最后序号"),
    "lines": Key("人员行数"),
    "missing": Key("缺少数"),
    "number": Key("列表号"),
    "persons": Key("人数"),
    "refused": Key("拒绝人数"),
    "registered": Key("登记人数"),
    "answers": Key("应答份数"),
    "recipients": Key("备份接收者数"),
    "replaced": Key("替换的行数"),
    "rows": Key("行数"),
    "so_pins": Key("一并发出的旧管理 PIN 数"),
    "step": Key("CRL 编号前移"),
    "taken": Key("录入的行数"),
    "tokens": Key("介质数"),
    "units": Key("单位数"),
    "values": Key("重新加密的项数"),
    "version": Key("状态版本"),
    "withdrawn": Key("撤回的申请数"),
    # Days
    "forms_due": Key("材料上报截止"),
    "name": Key("名称"),
    "push_due": Key("推送入库截止"),
    "since": Key("起始时间"),
    "starts_on": Key("开始日期"),
    "taken_at": Key("备份时间"),
    "tokens_due": Key("介质发放截止"),
    "until": Key("截止时间（不含）"),
    # No longer written
    "model": Key("型号"),
})  # fmt: skip
RETIRED = frozenset({"model"})
"""Keys that older entries still have: their words stay."""

# Where a key says something else in one act.
SPECIAL: Mapping[tuple[str, str], Key] = MappingProxyType({
    (Tag.CHANGE_SUBMITTED, "kind"): Key("变更类型", w.CHANGE_KINDS),
    (Tag.REVIEW_REFUSED, "act"): Key("所请求的操作", w.REVIEWS),
    (Tag.STAFF_REFUSED, "why"): Key("原因", w.SIGN_IN_REFUSALS),
    (Tag.CONFLICT_OPENED, "first"): Key("第一份申请"),
    (Tag.ROSTER_CHANGED, "ended"): Key("已从名单移除", w.YES_NO),
    (Tag.UNIT_CASE_DONE, "case"): Key("单位变更编号"),
    (Tag.ERASURE_PROPOSED, "seen"): Key("清除内容校验值"),
})  # fmt: skip


def key_of(tag: str, name: str) -> Key | None:
    """How a key of an act's details is read; None for one without words."""
    return SPECIAL.get((tag, name)) or KEYS.get(name)
