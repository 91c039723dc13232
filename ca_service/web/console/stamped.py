"""Stamped forms that come back: several scans at once, each finds what it belongs to by the code on the paper."""

from flask import Blueprint, render_template, request

from ca_service.domain.errors import Invalid
from ca_service.web.console.context import actor, services
from ca_service.workflows import stamped_scans

pages = Blueprint("stamped", __name__, url_prefix="/applications/scans")
_MOST = 20  # each is rendered while the person waits


@pages.get("")
def form() -> str:
    """Where the scans are uploaded."""
    stamped_scans.require_clerk(services(), actor())
    return render_template("console/stamped.html", lines=(), most=_MOST)


@pages.post("")
def attach() -> str:
    """Attach what can be attached, and say of each file what became of it."""
    stamped_scans.require_clerk(services(), actor())
    files = [file for file in request.files.getlist("scans") if file.filename]
    if not files:
        raise Invalid("请选择要上传的扫描件。")
    if len(files) > _MOST:
        raise Invalid(f"一次最多上传 {_MOST} 个文件，请分批上传。")
    given = ((file.read(), file.filename or "") for file in files)
    lines = stamped_scans.attach_scans(services(), actor(), given)
    return render_template("console/stamped.html", lines=lines, most=_MOST)
