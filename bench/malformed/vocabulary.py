"""Which fields, parameters and files a handler asks for: read from the source of its module."""

import ast
import inspect
from dataclasses import dataclass
from functools import cache

from flask import Flask

from tests.ca_service.authorisation.entry import Route

# How views name what they read: `field("x")`, `upload("x")`, `request.form.get("x")`, ...
_FORM = ("field", "request.form.get", "form.get", "request.form.getlist", "given.get")
_QUERY = ("request.args.get", "args.get", "request.args.getlist")
_FILES = ("upload", "request.files.get", "request.files.getlist")


@dataclass(frozen=True)
class Asked:
    """Names by where they are looked for."""

    form: tuple[str, ...]
    query: tuple[str, ...]
    files: tuple[str, ...]


def names_asked_by(app: Flask, route: Route) -> Asked:
    """What the module of this endpoint asks for; one that only the other views of it use does no harm."""
    module = inspect.getmodule(app.view_functions[route.endpoint])
    path = module.__file__ if module is not None else None
    return _names(path) if path else Asked((), (), ())


@cache
def _names(path: str) -> Asked:
    with open(path, encoding="utf-8") as source:  # noqa: PTH123  a module's own file
        tree = ast.parse(source.read())
    found: dict[str, list[str]] = {"form": [], "query": [], "files": []}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        kind = next((kind for kind, names in _KINDS.items() if ast.unparse(call.func) in names), None)
        first = call.args[0] if call.args else None
        if kind and isinstance(first, ast.Constant) and isinstance(first.value, str):
            found[kind].append(first.value)
    form, query, files = (tuple(dict.fromkeys(found[kind])) for kind in ("form", "query", "files"))
    return Asked(tuple(name for name in form if name != "csrf_token"), query, files)


_KINDS = {"form": _FORM, "query": _QUERY, "files": _FILES}
