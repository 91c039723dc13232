"""Every way in which the helper can fail, each with its own Chinese sentence: what happened, what to do."""

import unicodedata
from typing import ClassVar


def printable(text: str, *, limit: int = 300) -> str:
    """Return foreign text as one line without control characters, at most `limit` characters.

    Labels of tokens and answers of servers reach a terminal: an escape sequence in them must not.
    """
    kept = (" " if unicodedata.category(c).startswith("C") else c for c in text[: 4 * limit])
    return " ".join("".join(kept).split())[:limit]


class TokenError(Exception):
    """Base of all refusals and failures; `str()` is the sentence for the person, `facts` its variable parts.

    A subclass gives `text`, a format string over the keyword arguments of its constructor, and where that
    speaks of options and commands also `page`, the same for somebody who sees the page only.
    """

    text: ClassVar[str] = "操作失败。"
    page: ClassVar[str] = ""

    def __init__(self, **facts: str | int) -> None:
        self.facts = facts
        self._shown = {name: printable(str(value)) for name, value in facts.items()}
        super().__init__(self.text.format(**self._shown))

    @property
    def for_page(self) -> str:
        """`page` if there is one, since a page has a button where a command needs an option; else `text`."""
        return (self.page or self.text).format(**self._shown)

    @property
    def kind(self) -> str:
        """A name for programs and for the support log, e.g. `token-removed`."""
        name = type(self).__name__.removesuffix("Error")
        return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")


class ModuleNotUsableError(TokenError):
    """The file is missing, is not a PKCS#11 module, or does not start."""

    text = "无法加载介质驱动 {path}({reason})。请检查 --module 是否为厂商提供的 PKCS#11 库文件。"
    page = "无法加载介质驱动({reason})。请先安装随介质提供的驱动程序，再重新打开证书助手。"


class NoTokenError(TokenError):
    """No slot holds a token with a serial number."""

    text = "未检测到介质。请插入 UKEY 介质后重试。"


class EmptyReaderError(NoTokenError):
    """The module shows a reader, and nothing is in it."""

    text = "读卡器({reader})中没有介质。请把介质插到底，指示灯亮后重试。"


class SeveralTokensError(TokenError):
    """More than one token, and the caller did not say which."""

    text = "检测到多个介质({serials})。请只保留一个，或用 --serial 指定序列号。"
    page = "插入了不止一个介质({serials})。请只保留派发给您本人的那一个，拔出其他的。"


class WrongTokenError(TokenError):
    """The serial number asked for is not there."""

    text = "未找到序列号为 {wanted} 的介质，当前插入的是 {present}。请插入派发给您本人的介质。"


class TokenRemovedError(TokenError):
    """The token went away while it was used."""

    text = "操作过程中介质被拔出。请重新插入介质，再次运行同一命令即可继续。"
    page = "操作过程中介质被拔出。请重新插入介质，再做一次同样的操作，会从中断的地方继续。"


class TokenFullError(TokenError):
    """The token has no room for another object."""

    text = "介质空间不足，无法写入。请联系管理部门更换或清理介质。"


class TokenFailedError(TokenError):
    """The module reported an error that has no better name here; `code` is its PKCS#11 name."""

    text = "介质操作失败({code})。请重新插入介质后重试；仍失败请联系管理部门更换介质。"


class CannotDoError(TokenError):
    """The module does not offer what is needed; `what` names it."""

    text = "此介质或其驱动不支持{what}。请联系管理部门更换介质型号。"


class NotInitialisedError(TokenError):
    """No user PIN or no binding key: the centre has not prepared this token."""

    text = "该介质尚未由信息中心初始化({missing})。请联系管理部门更换介质。"
    page = "这不是信息中心派发的介质，或尚未初始化({missing})。请插入派发给您本人的介质。"


class AlreadyUsedError(TokenError):
    """`init` would destroy what is on the token, and nobody said that this is meant."""

    text = "介质 {serial} 不是空白介质({found})，初始化会清除其中的密钥和证书。确需重新初始化请加 --erase。"


class SecretFileExistsError(TokenError):
    """A file that may hold the only copy of a SO PIN is never overwritten."""

    text = (
        "文件 {path} 已存在，其中可能是某介质的 PIN，不会覆盖。请换一个文件名;"
        "若上次初始化中断，先用原管理 PIN 加 --erase 再试，管理 PIN 错误时再将该文件作为 --vendor-so-pin-file。"
    )


class FileNotUsableError(TokenError):
    """A file named on the command line cannot be read, written or understood."""

    text = "文件 {path} 无法使用({reason})。请检查文件路径、内容和权限。"


class PinWrongError(TokenError):
    """The token refused the PIN; `left` says what the token tells about further tries."""

    text = "PIN 错误，{left}。"


class SoPinWrongError(TokenError):
    """The token has counted a try of its SO PIN, and has only so many."""

    text = "介质的管理 PIN(SO PIN)错误。请核对厂商提供的管理 PIN，连续输错会锁死介质。"
    page = "解锁未成功：介质不接受信息中心保存的管理 PIN。请联系管理部门。"


class PinLockedError(TokenError):
    """The user PIN is locked; only the SO PIN can help."""

    text = "PIN 已锁定。请联系管理部门办理解锁。"


class LastTryHeldError(TokenError):
    """One more wrong PIN would lock the token, so the PIN was not sent."""

    text = "PIN 只剩最后一次尝试机会，未执行。确认 PIN 无误后请加 --last-try 再运行，否则请联系管理部门解锁。"
    page = "PIN 只剩最后一次尝试机会，未执行。确认无误后勾选“使用最后一次机会”再试，否则请申请解锁。"


class PinRuleBrokenError(TokenError):
    """The new PIN breaks a rule of pins.py, or the token's own."""

    text = "新 PIN 不符合要求:{rule}。请另设一个 PIN。"


class NewPinNeededError(TokenError):
    """The token still has its first PIN, and no new one was given."""

    text = "首次使用必须修改 PIN。请用 --new-pin-file 提供新 PIN。"
    page = "首次使用必须修改 PIN。请设置只有您本人知道的新 PIN。"


class KeyNotSafeError(TokenError):
    """A key on the token could leave it, or did not originate there; `missing` names the attributes."""

    text = "介质中的密钥不满足不可导出要求({missing})。请勿继续使用，联系管理部门更换介质。"


class KeyNotLocalError(KeyNotSafeError):
    """Of all that is asked only that it was made there is not said of a key: some modules say it of none (NSS)."""

    text = "介质或其驱动没有说明密钥是在介质内生成的({missing})，不能用于教育CA证书。请联系管理部门更换介质型号。"


class KeyLostError(TokenError):
    """The CA has issued for a key which is not, or no longer, on this token."""

    text = "CA 已签发证书，但介质中没有对应的密钥。请联系管理部门重新发放授权码。"


class NoCertificateError(TokenError):
    """There is no certificate of ours on the token."""

    text = "介质中没有教育CA证书。请先下载证书(educa-token enroll)。"
    page = "介质中没有教育CA证书。请先下载证书。"


class SignatureFailedError(TokenError):
    """What the token signed does not verify with the public key or certificate."""

    text = "介质签名与证书公钥不符，证书不可用。请联系管理部门更换介质。"


class CertificateNotOursError(TokenError):
    """The certificate received is not acceptable; nothing was confirmed."""

    text = "收到的证书未通过检查({reason})，未启用。请联系管理部门。"


class ClockWrongError(TokenError):
    """The certificate is outside its validity by this computer's clock."""

    text = "按本机时间({now})证书不在有效期内。请校准电脑日期时间后，再次运行同一命令。"
    page = "按本机时间({now})证书不在有效期内。请校准电脑日期时间后再试。"


class NotRenewableError(TokenError):
    """The certificate is past its validity: it can no longer prove who asks."""

    text = "证书已于 {until} 过期，不能在线更新。请联系管理部门重新申请证书。"


class NotRevokedFirstError(TokenError):
    """`replace` was asked for, and the CA does not say that the old certificate is revoked."""

    text = "CA 未确认旧证书已吊销，不能补办。补办须先吊销旧证书，请联系管理部门；首次下载请用 educa-token enroll。"


class CaUnreachableError(TokenError):
    """No answer from the CA, or not in time."""

    text = "无法连接 CA 服务器({reason})。请检查网络和 --server 地址后，再次运行同一命令即可继续。"
    page = "无法连接 CA 服务器({reason})。请检查网络后再试，会从中断的地方继续。"


class TlsNotTrustedError(TokenError):
    """The server's certificate does not lead to the CA file, or names another host."""

    text = "服务器身份验证未通过({reason})。请核对 --server 和 --ca-file，未发送任何信息。"
    page = "服务器身份验证未通过({reason})，未发送任何信息。请勿继续，联系管理部门。"


class CaAnswerInvalidError(TokenError):
    """The CA answered what docs/api.md does not allow."""

    text = "CA 的应答无法识别({reason})。请稍后重试，仍失败请联系管理部门。"


class CaRefusedError(TokenError):
    """The CA answered with a problem document; `problem` is its machine-readable kind."""

    text = "CA 拒绝:{detail}"
    page = "{detail}"

    def __init__(self, *, problem: str, detail: str) -> None:
        self.problem = problem
        super().__init__(detail=detail)

    @property
    def kind(self) -> str:
        """What the CA calls it, marked as the CA's word."""
        return f"ca-{self.problem}"
