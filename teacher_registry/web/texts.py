"""What the pages say, in Chinese, for people at schools."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from teacher_registry.accounts.models import Act
from teacher_registry.accounts.wishes import Condition
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
        RefusalKind.ACCOUNT_STOPPED: Notice(
            "账号已停用",
            (
                "您的信息管理员账号已按用户变更申请单停用，证书本身没有问题。",
                "要恢复使用，请本人向上级用户管理部门提交用户变更申请单；如已离岗，请交回UKEY介质。",
            ),
        ),
        RefusalKind.ACCOUNT_MOVED: Notice(
            "单位信息已变更",
            (
                "您所在的单位已经变更，这张证书上仍是原单位，不能再用于登录。",
                "请用教育CA证书助手下载新证书后登录新单位。",
                _CONTACT,
            ),
        ),
        RefusalKind.ACCOUNT_LOCKED: Notice(
            "账号已锁定",
            (
                "短时间内重置密码的次数异常，系统已锁定您的账号，以防证书被他人使用。",
                "请先确认UKEY介质在您本人手中，再向上级用户管理部门提交用户变更申请单（账号解锁）。",
            ),
        ),
        RefusalKind.ACCOUNT_UNKNOWN: Notice(
            "暂时无法确认账号状态",
            ("系统暂时收不到账号变更通知，为保护教师个人信息，本次操作不能进行。请几分钟后再试。", _CONTACT),
        ),
    }
)

CONDITIONS: Mapping[Condition, str] = MappingProxyType(
    {
        Condition.ACTIVE: "正常",
        Condition.STOPPED: "停用",
        Condition.LOCKED: "锁定",
        Condition.WAITING: "待改密码",
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

ONE_TIME_SMS = "【教师系统】{unit}为您重置了密码，一次性密码：{password}。14天内有效，首次登录须修改，请勿告诉他人。"

LOG_ACTS: Mapping[str, str] = MappingProxyType(
    {
        Act.SIGN_IN: "信息管理员登录",
        Act.REFUSED: "登录被拒绝",
        Act.LOCKED: "信息管理员账号锁定",
        Act.CREATE: "新建账号",
        Act.STOP: "停用账号",
        Act.RESTORE: "恢复账号",
        Act.UNLOCK: "解锁账号",
        Act.RESET: "重置密码",
        Act.IMPORT: "批量导入",
        Act.EXPORT: "导出数据",
        Act.PERSON_SIGN_IN: "个人登录",
        Act.PERSON_REFUSED: "个人登录密码错误",
        Act.PERSON_LOCKED: "个人账号锁定",
        Act.PERSON_PASSWORD: "个人修改密码",
        Act.FEED_STOP: "变更：停用信息管理员",
        Act.FEED_RESTORE: "变更：恢复信息管理员",
        Act.FEED_UNLOCK: "变更：解锁信息管理员",
        Act.FEED_RESET: "变更：重置信息管理员",
        Act.FEED_CHANGE: "变更：信息变更",
        Act.FEED_UNIT: "变更：单位合并",
        Act.FEED_REGISTER: "变更：登记信息管理员",
        Act.FEED_REFUSED: "变更通知不可信",
    }
)
