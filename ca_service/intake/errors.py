"""Why a whole file is refused; single cells have CellError in rows.py."""

from enum import StrEnum


class SheetFault(StrEnum):
    """What is wrong with a spreadsheet as a whole, for programs."""

    TOO_LARGE = "too-large"
    NOT_A_SPREADSHEET = "not-a-spreadsheet"
    EMPTY = "empty"
    WRONG_HEADER = "wrong-header"
    PROTECTED = "password-protected"
    DAMAGED = "damaged"
    BOMB = "zip-bomb"
    MACROS = "macros"
    TOO_MANY_ROWS = "too-many-rows"
    MANY_SHEETS = "many-sheets"
    HIDDEN_SHEET = "hidden-sheet"
    TOO_COMPLEX = "too-complex"


class ScanFault(StrEnum):
    """What is wrong with the scan of a form, for programs."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_A_SCAN = "not-a-scan"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    ACTIVE_CONTENT = "active-content"
    TOO_MANY_PAGES = "too-many-pages"
    TOO_MANY_PIXELS = "too-many-pixels"
    ANIMATED = "animated"
    TOO_COMPLEX = "too-complex"


class IntakeError(ValueError):
    """A file is refused as a whole. `found` says in Chinese what was found, `mend` what to do about it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(f"{found}。{mend}")
        self.found = found
        self.mend = mend


class SheetError(IntakeError):
    """The bytes are not a spreadsheet that can be read safely and completely."""

    def __init__(self, kind: SheetFault, found: str, mend: str) -> None:
        super().__init__(found, mend)
        self.kind = kind


class ScanError(IntakeError):
    """The bytes are not a scan that can be stored and shown safely."""

    def __init__(self, kind: ScanFault, found: str, mend: str) -> None:
        super().__init__(found, mend)
        self.kind = kind


def damaged_sheet() -> SheetError:
    """The refusal for every way in which a spreadsheet's structure can be broken."""
    return SheetError(
        SheetFault.DAMAGED, "电子表格文件已损坏或不完整", "请用电子表格软件重新打开并另存为 xlsx 后再上传"
    )
