"""What is said about the rows of a sheet: cells to mend, values to look at, spellings that were changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """A unit that a row may mean; the person who uploads decides."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class CellError:
    """One cell to mend, or with an empty `letter` a whole row. All texts are Chinese, `found` is masked.

    `choices` are the units of which one would mend the cell without another upload.
    """

    row: int
    letter: str
    heading: str
    found: str
    why: str
    mend: str
    choices: tuple[Choice, ...] = ()


def hidden_row(number: int) -> CellError:
    """What is said of a row that the sheet does not show: nobody has compared it with the paper."""
    why, mend = "该行在表格中是隐藏的", "请取消隐藏、核对内容后重新上传；不需要的行请删除"
    return CellError(number, "", "整行", "隐藏的行", why, mend)


@dataclass(frozen=True, slots=True)
class CellWarning:
    """A value that was taken, but that the reviewer should look at."""

    row: int
    letter: str
    heading: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Normalised:
    """A value that was taken in another spelling than the sheet's; both masked where personal."""

    row: int
    letter: str
    heading: str
    before: str
    after: str
