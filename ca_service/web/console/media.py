"""Tokens: stock and the history of one."""

from flask import Blueprint, render_template

from ca_service.web.console.context import actor, services, window
from ca_service.workflows import custody

pages = Blueprint("media", __name__, url_prefix="/media")


@pages.get("")
def index() -> str:
    """The tokens of the subtree, a page of them."""
    return render_template("console/media.html", found=custody.stock(services(), actor(), window()))


@pages.get("/<serial>")
def history(serial: str) -> str:
    """Every step of one token."""
    _, steps = custody.show(services(), actor(), serial)
    return render_template("console/medium.html", serial=serial, steps=steps)
