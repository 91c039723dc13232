"""The acts of the audit log in Chinese, in the groups by which an auditor looks for them.

A new Tag needs its line here (tests/ca_service/audit_log/test_words.py). The entry itself keeps the tag: what is
hashed is what is stored, and these words are how it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ca_service.domain.audit import Tag

_T = Tag


@dataclass(frozen=True)
class Group:
    """Acts about one thing; `key` stands in addresses and on the command line."""

    key: str
    name: str
    acts: Mapping[Tag, str]


GROUPS: Sequence[Group] = (
    Group("certificates", "证书和吊销列表", {
        _T.CEREMONY: "建立 CA",
        _T.CERTIFICATE_INTENT: "准备签发证书",
        _T.CERTIFICATE_ISSUED: "签发证书",
        _T.CERTIFICATE_CONFIRMED: "证书确认启用",
        _T.CERTIFICATE_FROZEN: "冻结证书",
        _T.CERTIFICATE_UNFROZEN: "恢复证书",
        _T.CERTIFICATE_SUPERSEDED: "证书被新证书替换",
        _T.CERTIFICATE_REVOKED: "吊销证书",
        _T.CERTIFICATE_ABANDONED: "作废未完成的证书",
        _T.ORDER_CONFIRMED: "应急处置复核",
        _T.ORDER_ESCALATED: "应急处置超时未复核",
        _T.CERTIFICATE_OUTDATED: "证书须换发",
        _T.COMPROMISE_DECLARED: "报告签发 CA 密钥泄露",
        _T.COMPROMISE_WITHDRAWN: "撤回密钥泄露报告",
        _T.COMPROMISE_CONFIRMED: "确认签发 CA 密钥泄露",
        _T.COMPROMISE_ENDED: "吊销签发 CA",
        _T.ISSUER_FOUNDED: "新建签发 CA",
        _T.KEY_SPLIT: "密钥口令分持",
        _T.KEY_UNLOCKED: "保管人解锁密钥",
        _T.KEY_BACKED_UP: "备份密钥设备",
        _T.KEY_RESTORED: "恢复密钥设备",
        _T.KEY_LOCKED: "锁定密钥",
        _T.ISSUER_ACTIVATED: "启用签发 CA",
        _T.CRL_PUBLISHED: "发布吊销列表",
        _T.CRL_REFUSED: "吊销列表未通过检查",
        _T.CRL_ALARM: "吊销列表告警",
        _T.CRL_OVERRIDE_PROPOSED: "提出强制发布吊销列表",
        _T.CRL_OVERRIDE_WITHDRAWN: "撤回强制发布吊销列表",
        _T.CRL_OVERRIDDEN: "强制发布吊销列表",
        _T.OCSP_PRESIGNED: "预签 OCSP 应答",
        _T.BACKUP_TAKEN: "备份整个 CA",
        _T.DATABASE_RESTORED: "从备份恢复",
        _T.DRILL_COPIED: "为故障演练复制数据库",
        _T.FIELD_KEY_ANNOUNCED: "公布新的字段密钥",
        _T.FIELD_KEY_SWITCHED: "启用新的字段密钥",
        _T.FIELD_KEY_RESEALED: "用新的字段密钥重新加密",
        _T.FIELD_KEY_REMOVED: "删除旧的字段密钥",
    }),
    Group("downloads", "证书下载和更新", {
        _T.CODE_ISSUED: "发放下载码",
        _T.CODE_REFUSED: "下载码未通过",
        _T.ENROLMENT_REFUSED: "拒绝签发到介质",
        _T.RENEWAL_BEGUN: "开始更新证书",
        _T.MESSAGE_RESENT: "重新发送消息",
    }),
    Group("applications", "申请和审核", {
        _T.BATCH_EXAMINED: "检查上传的表格",
        _T.BATCH_IMPORTED: "录入一批申请",
        _T.BATCH_REFUSED: "拒绝上传申请",
        _T.BATCH_SHEET_EXPORTED: "下载批注表格",
        _T.BATCH_UNDONE: "撤销一批申请",
        _T.APPLICATION_FORWARDED: "上报申请",
        _T.APPLICATION_RETURNED: "退回申请",
        _T.APPLICATION_MENDED: "更正申请",
        _T.APPLICATION_RESUBMITTED: "再次提交申请",
        _T.APPLICATION_APPROVED: "统一审核通过",
        _T.APPLICATION_REOPENED: "申请退回重新审核",
        _T.APPLICATION_REROUTED: "申请转到其他单位",
        _T.APPLICATION_CONFIRMED: "申请已入库确认",
        _T.APPLICATION_SCANNED: "附上申请单扫描件",
        _T.APPLICATION_UNMASKED: "查看申请的完整信息",
        _T.REVIEW_REFUSED: "拒绝越权审核",
        _T.CONFLICT_OPENED: "发现重复登记",
        _T.CONFLICT_DECIDED: "处理重复登记",
        _T.CONFLICT_LAPSED: "重复登记自行消除",
    }),
    Group("persons", "人员入库", {
        _T.PUSH_RECEIVED: "收到用户目录推送",
        _T.HOLDER_REGISTERED: "登记持证人",
        _T.HOLDER_CHANGED: "变更持证人信息",
        _T.HOLDER_UNMASKED: "查看持证人的完整信息",
        _T.HOLDER_MOVED: "持证人转到其他单位",
        _T.HOLDER_STOPPED: "停用持证人",
        _T.ERASURE_PROPOSED: "提出清除档案",
        _T.ERASURE_REFUSED: "不同意清除档案",
        _T.ERASURE_WITHDRAWN: "撤回清除档案",
        _T.ERASURE_DONE: "办理清除档案",
        _T.ERASURE_REPEATED: "恢复备份后重新清除",
        _T.ERASURE_SWEPT: "清除档案的文件和残留已删除",
        _T.HOLDER_ERASED: "清除持证人的档案",
        _T.RECORDS_HELD: "要求保留档案",
        _T.RECORDS_RELEASED: "解除档案保留",
    }),
    Group("changes", "变更申请", {
        _T.CHANGE_SUBMITTED: "录入变更申请",
        _T.CHANGE_FORWARDED: "上报变更申请",
        _T.CHANGE_RETURNED: "退回变更申请",
        _T.CHANGE_RESUBMITTED: "再次提交变更申请",
        _T.CHANGE_REOPENED: "变更申请退回重新审核",
        _T.CHANGE_SCANNED: "附上变更申请单扫描件",
        _T.CHANGE_UNMASKED: "查看变更申请的完整信息",
        _T.CHANGE_APPROVED: "同意变更",
        _T.CHANGE_REFUSED: "不同意变更",
        _T.CHANGE_EXECUTED: "执行变更",
        _T.TRANSFER_OPENED: "开始交接",
        _T.TRANSFER_PAIRED: "交接确定接任者",
        _T.TRANSFER_DONE: "执行交接",
        _T.TRANSFER_ABANDONED: "终止交接",
    }),
    Group("media", "介质", {
        _T.MEDIUM_REGISTERED: "登记介质",
        _T.MEDIUM_INITIALISED: "初始化介质",
        _T.MEDIUM_DISPATCHED: "寄出介质",
        _T.MEDIUM_RECEIVED: "签收介质",
        _T.MEDIUM_ALLOCATED: "分配介质",
        _T.MEDIUM_RELEASED: "取消分配介质",
        _T.MEDIUM_HANDED_OVER: "派发介质",
        _T.MEDIUM_HANDED_IN: "交回介质",
        _T.MEDIUM_GIVEN_BACK: "发还介质",
        _T.MEDIUM_LOST: "介质挂失",
        _T.MEDIUM_DAMAGED: "介质报损",
        _T.MEDIUM_LOCKED: "介质锁定",
        _T.MEDIUM_FOUND: "介质找回",
        _T.MEDIUM_DESTROYED: "销毁介质",
        _T.PARCEL_SETTLED: "处理包裹差异",
        _T.PARCEL_REDIRECTED: "包裹改寄",
        _T.SHEET_PREPARED: "生成派发记录单",
        _T.SHEET_PRINTED: "打印派发记录单",
        _T.SHEET_SIGNED: "派发记录单已签字",
        _T.SHEET_SHOWN: "查看签字的派发记录单",
        _T.RECORD_EXPORTED: "导出派发记录",
        _T.UNBLOCK_RELEASED: "准许解锁 PIN",
        _T.UNBLOCK_ASKED_AGAIN: "申请重发解锁码",
        _T.UNBLOCK_REFUSED: "拒绝解锁 PIN",
        _T.UNBLOCK_CONFIRMED: "PIN 已解锁",
        _T.SO_PIN_HANDED_OUT: "发出管理 PIN",
    }),
    Group("units", "单位和负责人员", {
        _T.UNITS_IMPORTED: "导入单位",
        _T.UNIT_REGISTERED: "登记单位",
        _T.UNIT_CORRECTED: "更正单位信息",
        _T.UNIT_MOVED: "调整下级单位的上级",
        _T.UNIT_CASE_PROPOSED: "提出单位变更",
        _T.UNIT_CASE_DONE: "办理单位变更",
        _T.UNIT_CASE_REFUSED: "不同意单位变更",
        _T.UNIT_CASE_WITHDRAWN: "撤回单位变更",
        _T.ROSTER_CHANGED: "更改负责人员",
        _T.ROSTER_IMPORTED: "导入负责人员",
        _T.ROSTER_UNMASKED: "查看负责人员的完整信息",
        _T.ROSTER_EXPORTED: "导出负责人员",
    }),
    Group("staff", "工作人员账号", {
        _T.STAFF_ADDED: "新建账号",
        _T.STAFF_DISABLED: "停用账号",
        _T.STAFF_ENABLED: "启用账号",
        _T.STAFF_CHANGED: "更改角色或单位",
        _T.STAFF_RESET: "重置账号",
        _T.PROPOSAL_MADE: "提出须双人确认的事项",
        _T.PROPOSAL_CONFIRMED: "确认他人提出的事项",
        _T.PROPOSAL_REFUSED: "不同意他人提出的事项",
        _T.PROPOSAL_WITHDRAWN: "撤回须双人确认的事项",
        _T.PROPOSAL_EXPIRED: "须双人确认的事项过期",
        _T.PROPOSAL_USED: "使用密钥事项的准许",
        _T.STAFF_IDENTIFIED: "登记本人身份",
        _T.STAFF_CERTIFIED: "签发人员证书",
        _T.STAFF_PASSWORD_CHANGED: "修改密码",
        _T.STAFF_SECOND_FACTOR_ADDED: "启用第二验证方式",
        _T.STAFF_SECOND_FACTOR_REMOVED: "移除第二验证方式",
        _T.STAFF_RECOVERY_CODES_MADE: "生成恢复码",
        _T.STAFF_SESSIONS_ENDED: "结束其他登录",
        _T.STAFF_SIGNED_IN: "登录",
        _T.STAFF_REFUSED: "登录被拒绝",
        _T.ACT_REFUSED: "越权操作被拒绝",
    }),
    Group("others", "计划、应用系统和审计", {
        _T.CAMPAIGN_SET: "设定实施计划",
        _T.CAMPAIGN_EXPORTED: "导出实施进度",
        _T.SIGN_IN_REPORTED: "应用系统报告首次登录",
        _T.FEED_READ: "应用系统读取账号变更",
        _T.AUDIT_EXPORTED: "导出审计日志",
    }),
)  # fmt: skip

TAG_WORDS: Mapping[str, str] = MappingProxyType(
    {tag.value: name for group in GROUPS for tag, name in group.acts.items()}
)


def tags_of(key: str) -> tuple[Tag, ...] | None:
    """The tags that a group's key or a single tag stands for; None for anything else."""
    if key in TAG_WORDS:
        return (Tag(key),)
    return next((tuple(group.acts) for group in GROUPS if group.key == key), None)
