"""The status page, and its figures for the script that keeps the page up to date."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template

from ca_service.clock import SHANGHAI
from ca_service.domain.propagation import Reach, Spread
from ca_service.web.console.charts import HEIGHT, WIDTH
from ca_service.web.console.context import actor, services
from ca_service.web.console.latency_chart import latency_chart
from ca_service.web.console.status_texts import about, duration, sentence
from ca_service.workflows.health import Status
from ca_service.workflows.health import status as measure

pages = Blueprint("status", __name__, url_prefix="/status")

# The one page whose script asks the server for something.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pages.get("")
def index() -> Response:
    """The state now; without a script it is as of the moment when the page was asked for."""
    found = measure(services(), actor())
    page = render_template(
        "console/status.html", found=found, figures=_figures(found), reaches=Reach, about=about, duration=duration,
        size=(WIDTH, HEIGHT),
    )  # fmt: skip
    response = make_response(page)
    response.headers["Content-Security-Policy"] = _CSP
    return response


@pages.get("/figures")
def figures() -> Response:
    """The same as JSON: texts by their names on the page, and the chart. Keeps no session awake."""
    return jsonify(_figures(measure(services(), actor())))


def _figures(found: Status) -> Mapping[str, Any]:
    health = found.health
    return {
        "alarms": [sentence(raised) for raised in found.alarms],
        "cells": {
            "at": f"{health.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            **_spreads("hour", found.hour),
            **_spreads("day", found.day),
            **_lists(found),
            **_queues(found),
        },
        "chart": asdict(latency_chart(found.minutes, now=health.at)),
    }


def _spreads(window: str, spreads: Mapping[Reach, Spread]) -> Mapping[str, str]:
    cells = {}
    for reach in Reach:
        one = spreads.get(reach)
        name = f"{reach.value}-{window}"
        cells[f"{name}-changes"] = str(one.changes) if one else "0"
        for part in ("half", "p99", "worst"):
            cells[f"{name}-{part}"] = f"{getattr(one, part):g} 秒" if one else "—"
    return cells


def _lists(found: Status) -> Mapping[str, str]:
    now, cells = found.health.at, {}
    for one in found.health.lists:
        cells[f"{one.name}-number"] = str(one.number)
        cells[f"{one.name}-age"] = duration(now - one.this_update)
        cells[f"{one.name}-left"] = duration(one.next_update - now)
        cells[f"{one.name}-unpublished"] = str(one.unpublished)
    for profile, end in found.health.signers.items():
        cells[f"{profile}-left"] = duration(end - now) if end else "没有"
    return cells


def _queues(found: Status) -> Mapping[str, str]:
    health = found.health
    late = health.overdue_message
    alive = [pulse.part for pulse in health.alive]
    return {
        **{f"messages-{name}": str(health.messages.get(name, 0)) for name in _NOT_SENT},
        "messages-late": duration(health.at - late) if late and late < health.at else "—",
        "push": str(health.waiting_for_push),
        "interrupted": str(health.interrupted),
        "orders": str(health.escalated_orders),
        "audit": str(health.audit_entries),
        **{f"alive-{part}": str(alive.count(part)) for part in ("publication", "console", "worker")},
    }


_NOT_SENT = ("pending", "sending", "failed", "uncertain")
