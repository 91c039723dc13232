"""Chinese words for the values that are stored in English, and times as people read them."""

from collections.abc import Mapping
from datetime import datetime

from ca_service.clock import SHANGHAI
from ca_service.domain.media import MediumStatus

_WORDS: Mapping[str, str] = {
    "withdrawn": "已撤回", "taken": "已录入", "undone": "已撤销", "sheet": "电子表格", "form": "单个录入",
    "submitted": "待审核", "returned": "已退回", "approved": "已通过", "confirmed": "已入库",
    "signing": "签发中", "issued": "已签发", "active": "有效", "frozen": "已冻结", "revoked": "已吊销",
    "expired": "已过期", "refused": "未通过", "executed": "已执行", "stopped": "已停用",
    "blank": "空白", "initialised": "已初始化", "in-transit": "运送中", "at-unit": "单位库存",
    "handed-over": "已派发", "in-use": "使用中", "damaged": "损坏", "lost": "遗失",
    "stop": "停用", "restore": "恢复", "unlock": "解锁", "reset-password": "重置密码",
    "freeze": "冻结", "revoke": "吊销", "replace": "在原介质上换发",
    "information-change": "信息变更",
    "forward": "上报", "return": "退回", "resubmit": "再次提交", "approve": "同意", "refuse": "不同意",
    "attached": "已附上", "already-there": "此前已附上", "no-code": "没有二维码", "scan-refused": "未附上",
    "reopen": "退回重新审核", "attach": "附扫描件", "execute": "执行",
    "undecided": "待处理", "kept": "保留双方", "resolved": "已处理", "lapsed": "已消除",
    "keep-both": "保留双方（同一人可以有两份登记）", "return-first": "退回第一份", "return-second": "退回第二份",
    "return-both": "双方都退回",
    "name": "姓名", "unit": "单位代码", "unit_name": "单位名称", "office_phone": "办公电话", "mobile": "手机号码",
    "email": "电子邮箱", "id_number": "身份证号码", "user_type": "用户类型",
    "applicant": "申请人", "department": "申请人部门", "unit-stamp": "申请人单位",
    "initialise": "初始化", "dispatch": "寄出", "receive": "签收", "hand-over": "派发", "activate": "启用",
    "superseded": "已被替换", "certificate-sign": "签发", "certificate-confirm": "确认启用",
    "certificate-freeze": "冻结", "certificate-unfreeze": "恢复", "certificate-unfreeze-unconfirmed": "恢复（待确认）",
    "certificate-supersede": "被新证书替换", "certificate-revoke": "吊销", "certificate-abandon": "作废",
    "open": "待复核", "escalated": "超时未复核", "unfreeze": "恢复",
    "allocated": "已分配", "locked": "已锁定", "destroyed": "已销毁",
    "allocate": "分配", "release": "取消分配", "recall": "撤回", "lock": "锁定", "unblock": "解锁",
    "find": "找回", "destroy": "销毁", "disputed": "有差异", "prepared": "待签字", "signed": "已签字",
    "underway": "在途", "missing": "缺少", "extra": "清单外", "recalled": "仍在寄件单位",
    "hand-in": "交回", "give-back": "发还", "report-damaged": "报损", "report-lost": "挂失",
    "applied": "已上报", "pushed": "已推送", "dispatched": "介质已寄", "received": "介质已到",
    "downloaded": "证书已下载", "signed-in": "已首次登录", "expected": "应有",
    "pending": "待发送", "sending": "发送中", "sent": "已发送", "failed": "发送失败", "uncertain": "结果不明",
    "sms": "短信",
    "forms": "材料上报", "push": "推送入库", "tokens": "介质发放",
    "clerk": "录入员", "reviewer": "审核员", "custodian": "介质管理员", "ca-administrator": "系统管理员",
    "security-administrator": "安全管理员", "auditor": "安全审计员",
    "information-administrator": "信息管理员证书", "staff": "人员证书",
    "sign-in-password": "密码", "sign-in-totp": "密码和动态验证码", "sign-in-recovery": "密码和恢复码",
    "sign-in-passkey": "密码和通行密钥", "sign-in-certificate": "人员证书",
    "UNSPECIFIED": "未说明", "KEY_COMPROMISE": "密钥泄露", "CA_COMPROMISE": "CA 密钥泄露",
    "AFFILIATION_CHANGED": "调离原单位",
    "SUPERSEDED": "已被替换", "CESSATION_OF_OPERATION": "停止使用", "CERTIFICATE_HOLD": "暂停使用",
    "PRIVILEGE_WITHDRAWN": "权限收回",
    "seeking": "等待接任者申请", "paired": "双方材料办理中", "abandoned": "已终止",
    "stop-approved": "停用申请审核同意", "successor-applied": "接任者提出申请",
    "successor-approved": "接任者申请审核通过", "transfer-executed": "执行交接",
    "successor-token": "向接任者派发介质", "successor-code": "向接任者发放下载码",
    "successor-certificate": "接任者下载证书",
    "leg-done": "已完成", "leg-next": "现在办理", "leg-later": "以后",
    "carried-out": "已清除", "erased": "已清除",
    "proposed": "待确认", "released": "已准许，待使用", "done": "已办理", "merged": "已合并", "closed": "已撤销",
    "leader": "分管领导", "section-head": "处（科）室负责人", "administrator": "信息管理员",
}  # fmt: skip


def word(value: str) -> str:
    """The Chinese word; an unknown value as it is. A token is handed in, not sent back like a form."""
    if value is MediumStatus.RETURNED:
        return "已交回"
    return _WORDS.get(value, value)


def local_time(at: datetime) -> str:
    """An aware time in Asia/Shanghai, to the minute."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
