"""Ask a child process, which may die for us, how many pages a PDF has and whether anything in it acts.

A PDF parser on hostile bytes can run without end or take all memory, in ways its library fixes one by one.
So it runs in a process of its own with limits on time and memory; whatever happens there is one refusal here.
"""

import json
import subprocess

from ca_service.intake import child
from ca_service.intake.errors import ScanError, ScanFault

MAX_PAGES = 50
_WALL_SECONDS = 20
_CHILD = "ca_service.intake.pdf_child"
_FLAT = "请将纸质申请单重新扫描为普通 PDF（不要由其他文档转换）后上传"

_REFUSALS = {
    ScanFault.ENCRYPTED: ("PDF 设有密码或加密", "请取消密码后重新扫描或导出"),
    ScanFault.ACTIVE_CONTENT: ("PDF 含有脚本、附件或可执行的动作", _FLAT),
    ScanFault.TOO_MANY_PAGES: (f"PDF 超过 {MAX_PAGES} 页", "请只上传申请单的页面"),
    ScanFault.TOO_COMPLEX: ("PDF 结构过于复杂", _FLAT),
    ScanFault.DAMAGED: ("PDF 已损坏或没有页面", "请重新扫描后再上传"),
}


def probe_pdf(data: bytes) -> int:
    """Return the number of pages of a harmless PDF; ScanError otherwise, after at most 20 seconds."""
    try:
        printed = child.run(_CHILD, str(MAX_PAGES), data=data, seconds=_WALL_SECONDS)
        answer = json.loads(printed) if printed is not None else {"fault": ScanFault.DAMAGED}
    except subprocess.TimeoutExpired as error:
        raise _refusal(ScanFault.TOO_COMPLEX) from error
    except ValueError as error:
        raise _refusal(ScanFault.DAMAGED) from error
    if "fault" in answer:
        raise _refusal(ScanFault(answer["fault"]))
    return int(answer["pages"])


def _refusal(fault: ScanFault) -> ScanError:
    return ScanError(fault, *_REFUSALS[fault])
