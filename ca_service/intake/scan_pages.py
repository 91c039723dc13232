"""The pages of a scan as pictures to show beside the data, and the codes that stand on them."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from ca_service.intake import child
from ca_service.intake.errors import ScanError, ScanFault
from ca_service.intake.pdf_probe import MAX_PAGES

STRIP_PAGES = 8
"""What one picture holds without being too large for a browser; the whole scan can be opened beside it."""
_WALL_SECONDS = 90
_CHILD = "ca_service.intake.page_child"


@dataclass(frozen=True, slots=True)
class ScanPage:
    """One page: its picture (JPEG, grey, at most 1240 pixels wide) and the texts of the QR codes on it."""

    picture: bytes
    codes: tuple[str, ...]


def render_pages(data: bytes) -> Sequence[ScanPage]:
    """The pages of a scan that `check_scan` has accepted; ScanError where it cannot be drawn after all."""
    answer = _drawn("pages", MAX_PAGES, data)
    line, _, pictures = answer.partition(b"\n")
    pages, at = [], 0
    for head in json.loads(line):
        pages.append(ScanPage(pictures[at : at + head["size"]], tuple(head["codes"])))
        at += head["size"]
    return pages


def page_strip(data: bytes) -> bytes:
    """The first STRIP_PAGES pages one below the other as one PNG; ScanError where they cannot be drawn after all."""
    return _drawn("strip", STRIP_PAGES, data)


def _drawn(act: str, most: int, data: bytes) -> bytes:
    try:
        answer = child.run(_CHILD, act, str(most), data=data, seconds=_WALL_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise _refusal() from error
    if answer is None:
        raise _refusal()
    return answer


def _refusal() -> ScanError:
    return ScanError(ScanFault.DAMAGED, "扫描件无法显示", "请将纸质申请单重新扫描为普通 PDF、JPEG 或 PNG 后上传")
