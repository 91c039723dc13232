"""The house rules that can be checked without running anything: docstrings that say something, and sizes.

They hold for every package beside `tests`. Of the revisions of a schema only the module needs a docstring: what
`upgrade` and `downgrade` are, Alembic says, and a revision that was released is not rewritten to look better.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGES = sorted(init.parent for init in _ROOT.glob("*/__init__.py") if init.parent.name != "tests")
_MOST_LINES_OF_A_FILE, _MOST_LINES_OF_A_FUNCTION, _MOST_LINES_OF_A_DOCSTRING = 300, 60, 6
_NO_WEIGHT = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "get", "give", "her", "his", "in", "is", "it"}
    | {"its", "of", "on", "one", "or", "our", "return", "set", "that", "the", "their", "them", "these", "this"}
    | {"those", "to", "what", "which", "whose", "with"}
)
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


class Named(NamedTuple):
    """A name that others call: its qualified form, where it is defined, and in which class."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    cls: ast.ClassDef | None


@cache
def _trees() -> Mapping[Path, ast.Module]:
    files = sorted(file for package in _PACKAGES for file in package.rglob("*.py"))
    return {file.relative_to(_ROOT): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def _ours() -> Iterator[tuple[Path, ast.Module]]:
    return ((path, tree) for path, tree in _trees().items() if path.parent.name != "versions")


def public_names(tree: ast.Module) -> Iterator[Named]:
    """Of the module, of its classes (also private ones: their objects are handed out), and nested functions that a
    decorator gives to a framework, such as routes.
    """
    todo: list[tuple[ast.AST, str, ast.ClassDef | None, bool]] = [(tree, "", None, False)]
    while todo:
        around, prefix, cls, local = todo.pop()
        for node in ast.iter_child_nodes(around):
            if not isinstance(node, (*_FUNCTION, ast.ClassDef)):
                todo.append((node, prefix, cls, local))
                continue
            if not node.name.startswith("_") and (not local or node.decorator_list):
                yield Named(prefix + node.name, node, cls)
            inside = node if isinstance(node, ast.ClassDef) else None
            todo.append((node, f"{prefix}{node.name}.", inside, local or inside is None))


def contracts(trees: Iterable[ast.Module]) -> Mapping[str, frozenset[str]]:
    """The methods that a class says something about, by the class's name."""
    found: dict[str, frozenset[str]] = {}
    for cls in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        said = {node.name for node in cls.body if isinstance(node, _FUNCTION) and ast.get_docstring(node)}
        found[cls.name] = found.get(cls.name, frozenset()) | said
    return found


def silent(tree: ast.Module, known: Mapping[str, frozenset[str]]) -> list[str]:
    """The public names (the module: "") without a docstring, and without a contract that stands in a base class, or
    in the class that the docstring of the own one names as `module.Contract`.
    """
    found = [] if ast.get_docstring(tree) else [""]
    for name, node, cls in public_names(tree):
        elsewhere = {method for one in _named_by(cls) for method in known.get(one, ())}
        if not ast.get_docstring(node) and node.name not in elsewhere:
            found.append(name)
    return found


def _named_by(cls: ast.ClassDef | None) -> list[str]:
    if cls is None:
        return []
    bases = [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in cls.bases]
    return bases + re.findall(r"`(?:\w+\.)+(\w+)`", ast.get_docstring(cls) or "")


def repeats(named: Named) -> bool:
    """Whether an English docstring has no word of weight that name and signature do not have already."""
    text = ast.get_docstring(named.node) or ""
    signature = named.name
    if isinstance(named.node, _FUNCTION):
        returns = ast.unparse(named.node.returns) if named.node.returns else ""
        signature += f" {ast.unparse(named.node.args)} {returns}"
    return text != "" and text.isascii() and not _words(text) - _words(signature)


def _words(text: str) -> set[str]:
    """In lower case, without their endings: `foundUnits` and `found_unit` are the same two."""
    parts = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    roots = (re.sub(r"(ies|es|ed|ing|s|d|y)$", "", part) for part in parts if part not in _NO_WEIGHT)
    return {root for root in roots if root not in _NO_WEIGHT}


def test_every_public_name_has_a_docstring() -> None:
    known = contracts(_trees().values())
    assert [f"{path} {name}" for path, tree in _ours() for name in silent(tree, known)] == []
    assert [str(path) for path, tree in _trees().items() if not ast.get_docstring(tree)] == []


def test_no_docstring_only_repeats_the_name() -> None:
    assert [f"{path} {one.name}" for path, tree in _ours() for one in public_names(tree) if repeats(one)] == []


def test_docstrings_of_names_are_short() -> None:
    names = [(path, one) for path, tree in _ours() for one in public_names(tree)]
    assert [f"{path} {one.name}" for path, one in names if _lines_said(one) > _MOST_LINES_OF_A_DOCSTRING] == []


def _lines_said(one: Named) -> int:
    """Without the steps of a ceremony, which are numbered and stand at its top, one line each."""
    lines = (ast.get_docstring(one.node) or "").splitlines()
    steps = [line for line in lines if re.match(r" *[0-9]+\. ", line)]
    return len(lines) - (len(steps) + 2 if steps else 0)


def test_files_are_short() -> None:
    lines = {path: len((_ROOT / path).read_text(encoding="utf-8").splitlines()) for path, _ in _ours()}
    assert {str(path): count for path, count in lines.items() if count > _MOST_LINES_OF_A_FILE} == {}


def test_functions_are_short() -> None:
    functions = [(path, node) for path, tree in _ours() for node in ast.walk(tree) if isinstance(node, _FUNCTION)]
    long = [f"{path} {node.name}" for path, node in functions if _lines(node) > _MOST_LINES_OF_A_FUNCTION]
    assert long == []


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


_SAMPLE = '''"""A module."""

class Contract(Protocol):
    """What is asked."""
    def said(self): """Never raises."""

class Heir(Contract):
    """Has it from its base."""
    def said(self): ...

class Keeper:
    """`sample.Contract` without a base."""
    def said(self): ...
    def more(self): ...
    def _own(self): ...

class _Private:
    def called(self): ...

def loud(app):
    """Registers."""
    def helper(): ...
    @app.get("/")
    def route(): ...
'''


def test_silent_is_who_has_neither_docstring_nor_contract() -> None:
    tree = ast.parse(_SAMPLE)
    assert sorted(silent(tree, contracts([tree]))) == ["Keeper.more", "_Private.called", "loud.route"]
    assert silent(ast.parse("x = 1"), {}) == [""]


@pytest.mark.parametrize(
    ("definition", "text", "nothing"),
    [
        ("def find_units(code: str) -> list[Unit]: ...", "Find the units with this code.", True),
        ("def find_units(code: str) -> list[Unit]: ...", "Closed ones too, by code.", False),
        ("def find_units(code: str) -> list[Unit]: ...", "Returns the Units of the code.", True),
        ("class UnitRow: ...", "Rows of a unit.", True),
        ("class UnitRow: ...", "Merged ones stay.", False),
        ("def units() -> None: ...", "单位。", False),
    ],
)
def test_a_docstring_of_the_words_of_its_name_says_nothing(definition: str, text: str, *, nothing: bool) -> None:
    tree = ast.parse(definition.replace("...", f'"""{text}"""'))
    assert [repeats(one) for one in public_names(tree)] == [nothing]
