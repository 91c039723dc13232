"""The department's forms as PDF: 用户CA申请单, 用户变更申请单, 电子证书派发记录单."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ca_service.domain.paper import PaperCode
from ca_service.domain.persons import UserType
from ca_service.printing.typeset import code, typeset

_FOOTER = "自治区教育信息中心 · 教育电子证书服务"
_YES_NO = ("是", "否")
CHANGE_KINDS = ("信息变更", "停用/恢复", "账号解锁", "密码重置")


@dataclass(frozen=True)
class ApplicationForm:
    """What stands on an application form; empty texts are printed as a dash, `remarks` as blank space."""

    unit: str
    name: str
    id_number: str
    office_phone: str
    mobile: str
    email: str
    school_type: str
    user_type: UserType
    wants_certificate: bool
    login: str
    address: str
    remarks: str


@dataclass(frozen=True)
class Difference:
    """One line of an information change."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeForm:
    """What stands on a change form; `kind` is one of CHANGE_KINDS."""

    unit: str
    name: str
    id_number: str
    office_phone: str
    mobile: str
    email: str
    login: str
    user_type: str
    certified: bool
    kind: str
    changes: Sequence[Difference]
    explanation: str


@dataclass(frozen=True)
class DispatchLine:
    """One hand-over: the six columns of the record; `at` is empty where the token is still to be handed over."""

    serial: str
    unit: str
    name: str
    mobile: str
    at: str


def application_form(form: ApplicationForm, paper: PaperCode) -> bytes:
    """用户CA申请单, one page, with the four signature blocks."""
    facts = {name: value or "—" for name, value in asdict(form).items()} | {"remarks": form.remarks}
    facts["user_types"] = [_option(f"教师系统{kind.value}", form.user_type is kind) for kind in UserType]
    facts["wants_certificate"] = _yes_no(form.wants_certificate)
    return typeset("application", facts | _head(paper))


def change_form(form: ChangeForm, paper: PaperCode) -> bytes:
    """用户变更申请单, one page, with the four signature blocks."""
    facts = {name: value or "—" for name, value in asdict(form).items()}
    facts |= {"changes": [asdict(line) for line in form.changes], "explanation": form.explanation}
    facts["kinds"] = [_option(kind, kind == form.kind) for kind in CHANGE_KINDS]
    facts["certified"] = _yes_no(form.certified)
    return typeset("change", facts | _head(paper))


def dispatch_sheet(lines: Sequence[DispatchLine], paper: PaperCode) -> bytes:
    """电子证书派发记录单: the six columns and one for the signature, as many pages as it takes."""
    rows = [{"number": str(number), **asdict(line)} for number, line in enumerate(lines, 1)]
    return typeset("dispatch", {"rows": rows} | _head(paper))


def _head(paper: PaperCode) -> dict[str, str]:
    return {"number": paper.subject, "code": code(paper.text()), "footer": _FOOTER}


def _option(text: str, ticked: bool) -> dict[str, str | bool]:
    return {"text": text, "ticked": ticked}


def _yes_no(answer: bool) -> list[dict[str, str | bool]]:
    return [_option(text, answer is (text == "是")) for text in _YES_NO]
