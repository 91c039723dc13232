"""Files that a page hands out."""

from flask import Response

_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def attachment(content: bytes, name: str) -> Response:
    """A file to keep, by its ASCII name; the type follows from the ending."""
    answer = Response(content, content_type=_TYPES[name.rpartition(".")[2]])
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
