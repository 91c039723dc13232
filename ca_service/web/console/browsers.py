"""What a browser calls itself, cut down to what a person recognises: its name and the system it runs on."""

from collections.abc import Sequence

# The order counts: Edge also calls itself Chrome, Chrome also calls itself Safari, Android also calls itself Linux.
_BROWSERS: Sequence[tuple[str, str]] = (
    ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("MicroMessenger/", "微信"), ("360", "360 浏览器"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Sequence[tuple[str, str]] = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "macOS"),
    ("OpenHarmony", "鸿蒙"), ("Linux", "Linux"),
)  # fmt: skip


def browser(agent: str) -> str:
    """Name and system from a User-Agent header; its version and the rest are nobody's business."""
    parts = [_first(agent, _BROWSERS), _first(agent, _SYSTEMS)]
    return "，".join(part for part in parts if part) or "其他程序"


def _first(agent: str, known: Sequence[tuple[str, str]]) -> str:
    return next((name for mark, name in known if mark in agent), "")
