"""One template and plain data -> PDF. Data goes in as JSON and is set as text, never read as markup."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import segno
import typst

from ca_service.domain.errors import Unavailable

_FONT = "Noto Sans CJK SC"


def typeset(template: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of `templates/<template>.typ` with this data; raise Unavailable when it cannot be set."""
    folder = resources.files("ca_service.printing") / "templates"
    with resources.as_file(folder) as root:
        try:
            pdf = typst.compile(
                root / f"{template}.typ",
                root=root,
                sys_inputs={"data": json.dumps(data, ensure_ascii=False), "font": _FONT},
            )
        except (RuntimeError, OSError) as error:
            raise Unavailable("表格暂时无法排版。请确认服务器已安装中文字体（fonts-noto-cjk），然后重试。") from error
    if not isinstance(pdf, bytes):
        raise Unavailable("表格暂时无法排版，请联系系统管理员。")
    return pdf


def code(text: str) -> str:
    """A QR code (ISO/IEC 18004, level M: a stamp may cover a part of it) as SVG."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=4, border=2)
