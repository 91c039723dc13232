"""Characters that nobody types are refused before a view sees them.

NUL and half surrogate pairs cannot be stored by every database (PostgreSQL refuses the first, both refuse the second),
control characters cannot be written into a spreadsheet and steer terminals. So none of them comes past this door:
not in an address, not in a form or a file's name, not in JSON. Blanks, tabs and line breaks are text.
"""

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, abort, request

from ca_service.domain.errors import Invalid

_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)


def register(app: Flask) -> None:
    """Look at the address of every request of this application."""

    @app.before_request
    def _address() -> None:
        if _UNUSABLE.search(request.path):
            abort(404)
        require_text(request.args.items(multi=True))


def require_text_in_form() -> None:
    """Look at fields and names of files; whoever is not signed in has not come so far."""
    # werkzeug names a part without a name None, whatever its types say.
    if None in {*request.form, *request.files}:
        raise Invalid("提交的内容不完整：有一个字段没有名称。请返回上一页刷新后重试。")
    require_text(request.form.items(multi=True))
    require_text((field, file.filename or "") for field, file in request.files.items(multi=True))


def require_text(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise Invalid, naming the first field that has an unusable character in its name or value."""
    for name, value in pairs:
        found = _UNUSABLE.search(name) or _UNUSABLE.search(value)
        if found:
            where = f"“{name}”" if _NAME.fullmatch(name) else "提交的内容"
            raise Invalid(f"{where}中含有不能显示的字符（U+{ord(found.group()):04X}）。请删除后重新填写。")


def require_text_in_json(document: Any) -> None:
    """The same for every text and every member's name of a JSON document; its depth does not matter."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += [*node.keys(), *node.values()]
        elif isinstance(node, list):
            waiting += node
        elif isinstance(node, str):
            require_text([("", node)])
