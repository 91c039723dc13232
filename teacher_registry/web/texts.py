"""What the pages say, in Chinese, for people at schools."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from teacher_registry.accounts.models import AccountKind, Act
from teacher_registry.refusal import RefusalKind


@dataclass(frozen=True)
class Notice:
    """A title that names what happened, and what the person can do about it."""

    title: str
    steps: tuple[str, ...]


_CONTACT = "如有疑问，请联系上级用户管理部门。"

REFUSALS: Mapping[RefusalKind, Notice] = MappingProxyType(
    {
        RefusalKind.NO_CERTIFICATE: Notice(
            "需要证书登录",
            (
                "请插入您的UKEY介质，关闭并重新打开浏览器，再访问本系统，在弹出的窗口中选择您的证书。",
                _CONTACT,
            ),
        ),
        RefusalKind.MALFORMED: Notice(
            "证书内容有误", ("浏览器提交的证书无法识别。请确认选择的是教育CA签发给您的证书。", _CONTACT)
        ),
        RefusalKind.FOREIGN: Notice(
            "不是教育CA签发的证书",
            (
                "您选择了其他机构签发的证书。请关闭浏览器后重新打开，选择教育CA签发的证书。",
                "如果列表中没有教育CA的证书，请确认UKEY介质已经插好，并已安装教育CA证书助手。",
            ),
        ),
        RefusalKind.WRONG_PURPOSE: Notice(
            "证书用途不符",
            ("这张证书不是信息管理员的登录证书。请选择您的信息管理员证书后重试。", _CONTACT),
        ),
        RefusalKind.NOT_YET_VALID: Notice(
            "证书尚未生效", ("请核对计算机的日期和时间，到证书生效之后再登录。", _CONTACT)
        ),
        RefusalKind.EXPIRED: Notice(
            "证书已过期",
            (
                "请用教育CA证书助手更新证书。",
                "过期后不能自助更新的，请向上级用户管理部门提交用户变更申请单。",
            ),
        ),
        RefusalKind.FROZEN: Notice(
            "证书已冻结",
            (
                "您的证书被暂停使用，通常是因为挂失或者正在办理变更。",
                "要恢复使用，请本人向上级用户管理部门提交用户变更申请单。解冻后即可登录，无需更换介质。",
            ),
        ),
        RefusalKind.REVOKED: Notice(
            "证书已吊销",
            (
                "这张证书已永久停用，不能恢复。",
                "如仍担任信息管理员，请重新提交用户CA申请单；如已离岗，请把UKEY介质交回上级用户管理部门。",
            ),
        ),
        RefusalKind.STATUS_UNKNOWN: Notice(
            "暂时无法确认证书状态",
            ("为保护教师个人信息，状态不明时不能登录。这不是您的过错，请几分钟后再试。", _CONTACT),
        ),
    }
)

KINDS: Mapping[AccountKind, str] = MappingProxyType(
    {
        AccountKind.VIEWER: "信息查询员",
        AccountKind.TRAINING: "培训管理员",
        AccountKind.TEACHER: "教师个人账号",
    }
)

# The word in the URL, the act, and what the page says after it.
ACTS: Mapping[str, tuple[Act, str]] = MappingProxyType(
    {
        "stop": (Act.STOP, "账号已停用"),
        "restore": (Act.RESTORE, "账号已恢复"),
        "unlock": (Act.UNLOCK, "账号已解锁"),
    }
)

CSRF_REFUSED = Notice("操作未执行", ("页面已失效。请返回本单位页面，刷新后重新操作。",))
NOT_FOUND = Notice("没有这个页面", ("地址有误，或者该内容不属于本单位。",))
BAD_REQUEST = Notice("请求有误", ("提交的内容无法识别，没有做任何改动。",))
INTERNAL = Notice("系统出错", ("本次操作没有完成，请稍后再试。", _CONTACT))
