"""Chinese words for the values that are stored in English, and times as people read them."""

from collections.abc import Mapping
from datetime import datetime

from ca_service.clock import SHANGHAI

_WORDS: Mapping[str, str] = {
    "submitted": "待审核", "returned": "已退回", "approved": "已通过", "confirmed": "已入库",
    "signing": "签发中", "issued": "已签发", "active": "有效", "frozen": "已冻结", "revoked": "已吊销",
    "expired": "已过期", "refused": "未通过", "executed": "已执行", "stopped": "已停用",
    "blank": "空白", "initialised": "已初始化", "in-transit": "运送中", "at-unit": "单位库存",
    "handed-over": "已派发", "in-use": "使用中", "damaged": "损坏", "lost": "遗失",
    "stop": "停用", "restore": "恢复", "unlock": "解锁", "reset-password": "重置密码",
    "freeze": "冻结", "revoke": "吊销",
    "information-change": "信息变更",
    "forward": "上报", "return": "退回", "resubmit": "再次提交", "approve": "同意", "refuse": "不同意",
    "reopen": "退回重新审核", "execute": "执行",
    "undecided": "待处理", "kept": "保留双方", "resolved": "已处理", "lapsed": "已消除",
    "keep-both": "保留双方（同一人可以有两份登记）", "return-first": "退回第一份", "return-second": "退回第二份",
    "return-both": "双方都退回",
    "name": "姓名", "unit": "单位代码", "unit_name": "单位名称", "office_phone": "办公电话", "mobile": "手机号码",
    "email": "电子邮箱", "id_number": "身份证号码", "user_type": "用户类型",
    "applicant": "申请人", "department": "申请人部门", "unit-stamp": "申请人单位",
    "initialise": "初始化", "dispatch": "寄出", "receive": "签收", "hand-over": "派发", "activate": "启用",
    "hand-in": "交回", "report-damaged": "报损", "report-lost": "挂失",
    "clerk": "录入员", "reviewer": "审核员", "custodian": "介质管理员", "ca-administrator": "系统管理员",
    "security-administrator": "安全管理员", "auditor": "安全审计员",
    "information-administrator": "信息管理员证书", "staff": "人员证书",
    "UNSPECIFIED": "未说明", "KEY_COMPROMISE": "密钥泄露", "AFFILIATION_CHANGED": "调离原单位",
    "SUPERSEDED": "已被替换", "CESSATION_OF_OPERATION": "停止使用", "CERTIFICATE_HOLD": "暂停使用",
    "PRIVILEGE_WITHDRAWN": "权限收回",
}  # fmt: skip


def word(value: str) -> str:
    """The Chinese word; an unknown value as it is."""
    return _WORDS.get(value, value)


def local_time(at: datetime) -> str:
    """An aware time in Asia/Shanghai, to the minute."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
