"""The log of the own unit, for the administrator."""

import json
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from teacher_registry.accounts.models import LogEntry
from teacher_registry.web.guard import administrator
from teacher_registry.web.negotiate import wants_json
from teacher_registry.web.texts import LOG_ACTS, REFUSALS
from teacher_registry.web.views import Desk

# The column's largest number on PostgreSQL; the driver refuses more.
_FAR = (1 << 31) - 1


def build_log_views(desk: Desk) -> Blueprint:
    """One page, newest first."""
    views = Blueprint("unit_log", __name__)

    @views.get("/log")
    def log() -> Response:
        """`before` is the number that the page ends at, exclusive; one out of range is brought into it."""
        actor = administrator(desk.registry)
        before = request.args.get("before", type=int)
        page = desk.registry.unit_log.page(actor, None if before is None else min(max(before, 0), _FAR))
        if wants_json():
            return jsonify(entries=[_document(entry) for entry in page.entries], older=page.older)
        body = render_template(
            "log.html",
            actor=actor,
            page=page,
            acts=LOG_ACTS,
            refusals={kind.value: notice.title for kind, notice in REFUSALS.items()},
            details={entry.seq: _detail(entry) for entry in page.entries},
        )
        return make_response(body)

    return views


def _detail(entry: LogEntry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry.detail) if entry.detail else {}
    return found


def _document(entry: LogEntry) -> dict[str, Any]:
    return {
        "number": entry.seq,
        "at": entry.at.isoformat(),
        "act": entry.act,
        "holder_id": entry.holder_id,
        "certificate": entry.certificate_serial,
        "account": entry.account_id,
        "refusal": entry.refusal,
        "detail": _detail(entry),
        "hash": entry.hash,
    }
