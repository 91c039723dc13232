"""What the sources of CA and registry say: nothing inline, no way out, no fetch that follows input."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_SOURCES = sorted([*(_ROOT / "ca_service").rglob("*.py"), *(_ROOT / "teacher_registry").rglob("*.py")])
_TEMPLATES = sorted([*(_ROOT / "ca_service").rglob("*.html"), *(_ROOT / "teacher_registry").rglob("*.html")])
_INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:|<iframe|<object|<base\b", re.I
)
_ELSEWHERE = re.compile(r"""(?:src|href|action)\s*=\s*["']\s*(?:https?:)?//""", re.I)
# Everything that opens a connection of its own, and where the address comes from. Another one has to be looked at.
_CALLS_OUT = {
    "ca_service/audit/status/responders.py": "addresses of the command line and of [service]",
    "ca_service/cli/doctor.py": "[service]",
    "ca_service/delivery/push_client.py": "[push]",
    "ca_service/delivery/smtp.py": "[smtp]",
    "teacher_registry/doctor.py": "[registry]",
    "teacher_registry/publications/fetch.py": "[registry]",
    "teacher_registry/wiring.py": "[registry]",
}
_CLIENTS = {"httpx", "urllib.request", "http.client", "smtplib", "ftplib", "requests", "aiohttp", "urllib3"}


def _id(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


@pytest.mark.parametrize("template", _TEMPLATES, ids=_id)
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert [found.group() for found in _INLINE.finditer(text)] == []
    assert [found.group() for found in _ELSEWHERE.finditer(text)] == []
    assert "|safe" not in text.replace(" ", "")


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _is_ours(target: ast.expr) -> bool:
    """An address that is made from an endpoint, or begins with a path of ours."""
    if isinstance(target, ast.Call) and isinstance(target.func, ast.Name):
        return target.func.id == "url_for"
    if isinstance(target, ast.JoinedStr):
        return _is_ours(target.values[0])
    return isinstance(target, ast.Constant) and bool(re.match(r"/[^/\\]", str(target.value)))


def test_no_redirect_leads_where_a_request_says() -> None:
    found = [
        (_id(path), call.lineno)
        for path in _SOURCES
        for call in _calls(ast.parse(path.read_text(encoding="utf-8")), "redirect")
        if not _is_ours(call.args[0])
    ]
    assert found == []


def test_the_judge_of_redirects_refuses_what_leads_away() -> None:
    for wrong in (
        "redirect(request.args['next'])",
        "redirect('//evil')",
        "redirect(f'{x}/a')",
        "redirect('https://a')",
    ):
        (call,) = _calls(ast.parse(wrong), "redirect")
        assert not _is_ours(call.args[0]), wrong


def test_only_what_was_looked_at_opens_a_connection() -> None:
    found = set()
    for path in _SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if _CLIENTS & {*names, *(name.split(".")[0] for name in names if name != "http")}:
                found.add(_id(path))
    assert found == set(_CALLS_OUT)


@pytest.mark.parametrize("part", ["ca_service/web", "teacher_registry/web"])
def test_no_page_opens_a_connection_itself(part: str) -> None:
    assert [path for path in _CALLS_OUT if path.startswith(part)] == []
