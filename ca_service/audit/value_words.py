"""The closed values that stand in details of audit entries, in Chinese: kinds, roles, acts, reasons of the service.

Each table covers its enumeration; tests/ca_service/audit_log/test_words.py compares them.
"""

import re
from collections.abc import Mapping, Sequence

from ca_service.domain.proposals import ProposalKind
from ca_service.domain.roles import Action

YES_NO: Mapping[str, str] = {"0": "否", "1": "是"}
LISTS: Mapping[str, str] = {"complete": "完整列表", "delta": "增量列表"}
CRL_ALARMS: Mapping[str, str] = {
    "refused": "未通过发布前检查",
    "late": "长时间没有发布",
    "last": "即将失效",
    "expired": "已失效",
}
FORMS: Mapping[str, str] = {"printed": "打印空白待签的申请单"}
PROFILES: Mapping[str, str] = {
    "root": "根 CA 证书", "issuing": "签发 CA 证书", "information-administrator": "信息管理员证书",
    "staff": "人员证书", "ocsp-signer": "状态应答签名证书", "feed-signer": "账号变更签名证书",
    "audit-signer": "审计检查点签名证书", "tls-server": "服务器证书",
}  # fmt: skip
ROLES: Mapping[str, str] = {
    "clerk": "录入员", "reviewer": "审核员", "custodian": "介质管理员", "ca-administrator": "系统管理员",
    "security-administrator": "安全管理员", "auditor": "审计员", "operator": "本机操作员", "directory": "用户目录",
    "relying": "应用系统",
}  # fmt: skip
METHODS: Mapping[str, str] = {
    "password": "密码", "totp": "动态验证码", "recovery": "恢复码", "passkey": "通行密钥", "certificate": "人员证书",
}  # fmt: skip
SIGN_IN_REFUSALS: Mapping[str, str] = {
    "password": "登录名或密码不正确", "first-password-expired": "初始密码已过期", "code": "验证码不正确",
    "passkey": "通行密钥未通过", "certificate-unreadable": "证书无法读取",
    "certificate-foreign": "不是本系统签发的证书",
    "certificate-wrong-purpose": "不是人员证书", "certificate-account-closed": "证书所属账号已停用",
    "certificate-signing": "证书尚未签发", "certificate-issued": "证书尚未启用", "certificate-frozen": "证书已冻结",
    "certificate-superseded": "证书已被替换", "certificate-revoked": "证书已吊销", "certificate-expired": "证书已过期",
    "certificate-active": "证书不在有效期内",
}  # fmt: skip
CHANGE_KINDS: Mapping[str, str] = {
    "stop": "停用", "restore": "恢复", "unlock": "解锁", "reset-password": "重置密码", "information-change": "信息变更",
}  # fmt: skip
CERTIFICATE_ACTS: Mapping[str, str] = {"freeze": "冻结", "revoke": "吊销", "replace": "换发"}
UNIT_ACTS: Mapping[str, str] = {
    "rename": "更名", "merge": "合并", "close": "撤销", "move": "调整上级单位", "reopen": "恢复",
}  # fmt: skip
DECISIONS: Mapping[str, str] = {
    "keep-both": "保留双方", "return-first": "退回第一份", "return-second": "退回第二份", "return-both": "双方都退回",
    "lapse": "自行消除", "reopen": "重新处理",
}  # fmt: skip
ARRIVALS: Mapping[str, str] = {
    "underway": "在途", "received": "收到", "missing": "缺少", "damaged": "损坏", "extra": "清单外",
    "recalled": "仍在寄件单位", "lost": "遗失",
}  # fmt: skip
DUTIES: Mapping[str, str] = {"leader": "分管领导", "section-head": "处（科）室负责人", "administrator": "信息管理员"}
CRL_REASONS: Mapping[str, str] = {
    "UNSPECIFIED": "未说明", "KEY_COMPROMISE": "密钥泄露", "AFFILIATION_CHANGED": "调离原单位",
    "SUPERSEDED": "已被替换", "CESSATION_OF_OPERATION": "停止使用", "CERTIFICATE_HOLD": "暂停使用",
    "PRIVILEGE_WITHDRAWN": "权限收回", "CA_COMPROMISE": "CA 密钥泄露",
}  # fmt: skip
FIELDS: Mapping[str, str] = {
    "unit_code": "单位", "name": "姓名", "user_type": "用户类型", "school_type": "办学类型", "address": "单位通讯地址",
    "wants_certificate": "是否申请证书", "existing_account": "已有账号", "remarks": "其他补充说明",
    "scan_sha256": "申请单扫描件", "id_number": "身份证号码", "office_phone": "办公电话", "email": "电子邮箱",
    "mobile": "手机号码", "unit": "单位", "unit_name": "单位名称",
}  # fmt: skip
ERROR_KINDS: Mapping[str, str] = {
    "refused": "拒绝", "not-found": "没有找到", "forbidden": "没有权限", "unauthenticated": "身份未通过",
    "too-many": "尝试次数过多", "invalid": "内容不符合要求", "conflict": "状态已变化",
    "illegal-transition": "当前状态不能这样办理", "not-approved": "未经审核同意", "unavailable": "暂时无法办理",
    "busy": "签发密钥忙", "outcome-unknown": "保存时中断，结果不明",
    "state-unknown": "状态不明", "code-wrong": "参考号或授权码不正确", "code-blocked": "下载码已锁定",
    "code-expired": "下载码已过期", "code-used": "下载码已使用", "wrong-token": "不是派发给此人的介质",
    "renewal-not-due": "未到更新时间", "superseded": "证书已被替换", "certificate-not-live": "证书已失效",
    "not-released": "没有准许解锁", "session-unknown": "会话不存在或已过期", "csr-invalid": "证书请求有误",
    "key-weak": "密钥不符合要求", "key-in-use": "密钥已用于另一张证书", "binding-invalid": "介质绑定签名不正确",
    "proof-invalid": "私钥证明不正确",
}  # fmt: skip
PROPOSALS: Mapping[str, str] = {kind.value: kind.chinese for kind in ProposalKind}
_A = Action
ACTIONS: Mapping[str, str] = {
    _A.UNITS_IMPORT: "导入单位", _A.UNITS_READ: "查看单位", _A.UNITS_PROPOSE: "提出单位变更",
    _A.UNITS_CONFIRM: "确认单位变更", _A.ROSTER_READ: "查看负责人员", _A.ROSTER_EDIT: "填报负责人员",
    _A.ROSTER_UNMASK: "查看负责人员的完整信息", _A.ROSTER_EXPORT: "导出负责人员", _A.STAFF_MANAGE: "管理账号",
    _A.STAFF_READ: "查看账号", _A.STAFF_RESCUE: "重置三员账号", _A.STAFF_CONFIRM: "确认账号事项",
    _A.KEY_PROPOSE: "提出密钥事项", _A.KEY_CONFIRM: "确认密钥事项", _A.PROPOSAL_READ: "查看双人确认事项",
    _A.REGISTRATION_SUBMIT: "上报申请",
    _A.REGISTRATION_UNDO: "撤销批次", _A.REGISTRATION_REVIEW: "审核申请", _A.REGISTRATION_READ: "查看申请",
    _A.REGISTRATION_UNMASK: "查看申请的完整信息", _A.REGISTRATION_PUSH: "推送人员", _A.MEDIA_REGISTER: "登记介质",
    _A.MEDIA_MOVE: "流转介质", _A.MEDIA_REPORT: "介质挂失报损", _A.MEDIA_READ: "查看介质",
    _A.ENROLMENT_ISSUE_CODE: "发放下载码", _A.ENROLMENT_READ: "查看下载码", _A.CERTIFICATE_FREEZE: "冻结证书",
    _A.ORDER_CONFIRM: "应急处置复核", _A.CERTIFICATE_CHANGE: "恢复或吊销证书", _A.CERTIFICATE_READ: "查看证书",
    _A.CHANGE_SUBMIT: "录入变更申请", _A.CHANGE_REVIEW: "审核变更申请", _A.CHANGE_DECIDE: "决定变更申请",
    _A.CHANGE_EXECUTE: "执行变更", _A.CHANGE_READ: "查看变更申请", _A.CRL_PUBLISH: "发布吊销列表",
    _A.ERASURE_PROPOSE: "提出清除档案", _A.ERASURE_CONFIRM: "确认清除档案", _A.ERASURE_READ: "查看档案清除",
    _A.ERASURE_REPEAT: "重新清除档案", _A.RECORDS_HOLD: "要求保留档案", _A.RECORDS_LIFT: "解除档案保留",
    _A.CRL_READ: "查看吊销列表差异", _A.CRL_OVERRIDE: "提出强制发布", _A.CRL_OVERRIDE_CONFIRM: "确认强制发布",
    _A.OCSP_PRESIGN: "预签 OCSP 应答",
    _A.MESSAGE_READ: "查看消息", _A.MESSAGE_RESEND: "重新发送消息", _A.CAMPAIGN_SET: "设定实施计划",
    _A.CAMPAIGN_READ: "查看实施进度", _A.SIGN_IN_REPORT: "报告首次登录", _A.FEED_READ: "读取账号变更",
    _A.AUDIT_READ: "查看审计日志", _A.AUDIT_CHECKPOINT: "签署审计检查点", _A.BACKUP: "备份",
    _A.STATUS_READ: "查看系统状态", _A.CA_DECLARE: "报告 CA 密钥泄露", _A.CA_CONFIRM: "确认 CA 密钥泄露",
    _A.CA_REVOKE: "吊销或新建签发 CA", _A.CA_READ: "查看 CA", _A.SECRETS_ROTATE: "更换字段密钥",
}  # fmt: skip
REVIEWS: Mapping[str, str] = {
    "registration.review": "审核申请", "registration.submit": "再次提交申请",
    "registration.attach-scan": "附申请单扫描件", "conflict.decide": "处理重复登记", "change.submit": "录入变更申请",
    "change.review": "审核变更申请", "change.decide": "决定变更申请", "change.execute": "执行变更",
    "change.attach-scan": "附变更申请单扫描件", "transfer.begin": "开始交接", "transfer.execute": "执行交接",
}  # fmt: skip
# What the service itself gives as the reason; everything else under that key was typed by a person.
OWN_REASONS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"renewed", "证书已更新"),
        (r"not confirmed in time", "更新未按时确认"),
        (r"not confirmed in time; renewed again", "更新未按时确认，已重新更新"),
        (r"the process ended between intent and record", "签发中途中断，启动时自动收尾"),
        (r"staff account", "人员账号变更"),
        (r"replaced", "已由新的下载替换"),
        (r"issued for a token that the holder no longer has; never confirmed", "为已不在本人手中的介质签发，未启用"),
        (r"token (\S+) reported lost", r"介质 \1 已挂失"),
        (r"token (\S+) reported damaged", r"介质 \1 已报损"),
        (r"unit case (\S+)", r"单位变更 \1"),
        (r"key compromised", "密钥泄露"),
        (r"the issuing CA's key is compromised", "签发 CA 的密钥泄露"),
    )
)


def issuer(name: str) -> str:
    """The name of a CA of ours: the root, the first issuing CA, or one after a roll-over."""
    later = re.fullmatch(r"issuing-(\d+)", name)
    return f"第 {later[1]} 签发 CA" if later else {"root": "根 CA", "issuing": "签发 CA"}.get(name, name)


def own_reason(text: str) -> str:
    """A reason that the service gave, in Chinese; what a person typed as it is."""
    for pattern, word in OWN_REASONS:
        found = pattern.fullmatch(text)
        if found:
            return found.expand(word)
    return text
