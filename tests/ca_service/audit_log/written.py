"""What the sources write into the audit log, read from their syntax trees: keys of details, actors, own reasons.

A detail that this reader cannot follow is an error of its own, so that no key goes unseen.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ca_service.domain.campaigns import Campaign

_ROOT = Path(__file__).parents[3] / "ca_service"
# Details that are made from what is not in the same function.
_ELSEWHERE: Mapping[str, Sequence[str]] = {
    # All of a campaign's fields but its number.
    "{name: str(value) for name, value in vars(stored).items() if name != 'id'}": [
        name for name in Campaign.__dataclass_fields__ if name != "id"
    ],
    "wanted.facts()": ["acts", "unit", "only-unit", "actor", "subject", "since", "until"],
}
_Function = ast.FunctionDef
Key = tuple[str, str]
"""A key of details and where it is written."""


@dataclass(frozen=True)
class _Source:
    path: Path
    tree: ast.Module

    def functions(self) -> Iterator[_Function]:
        """All functions and methods."""
        return (node for node in ast.walk(self.tree) if isinstance(node, _Function))

    def function(self, name: str) -> _Function:
        """The one of this name."""
        return next(one for one in self.functions() if one.name == name)


@cache
def _sources() -> Sequence[_Source]:
    return [_Source(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(_ROOT.rglob("*.py"))]


def detail_keys() -> set[Key]:
    """Every key that some append gives, with the file it stands in."""
    found: set[Key] = set()
    for source in _sources():
        for function in source.functions():
            for call in (*_calls(function, "append"), *_calls(function, "append_all")):
                owner = call.func
                if isinstance(owner, ast.Attribute) and ast.unparse(owner.value).endswith("uow.audit"):
                    given = [word.value for word in call.keywords if word.arg == "detail"]
                    found |= {(key, source.path.name) for one in given for key in _keys(one, function, source)}
    return found


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def _keys(node: ast.expr, function: _Function, source: _Source) -> Iterator[str]:
    text = ast.unparse(node)
    if text in _ELSEWHERE:
        yield from _ELSEWHERE[text]
    elif isinstance(node, ast.Dict):
        yield from _keys_of_dict(node, function, source)
    elif isinstance(node, ast.BinOp):
        yield from _keys(node.left, function, source)
        yield from _keys(node.right, function, source)
    elif isinstance(node, ast.IfExp):
        yield from _keys(node.body, function, source)
        yield from _keys(node.orelse, function, source)
    elif isinstance(node, ast.Name):
        yield from _keys_of_name(node.id, function, source)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for made in ast.walk(source.function(node.func.id)):
            if isinstance(made, ast.Return) and made.value is not None:
                yield from _keys(made.value, source.function(node.func.id), source)
    else:
        raise AssertionError(f"{source.path.name}: cannot follow the detail {text}")


def _keys_of_dict(node: ast.Dict, function: _Function, source: _Source) -> Iterator[str]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            yield from _keys(value, function, source)
        elif isinstance(key, ast.Constant):
            yield str(key.value)
        else:
            raise AssertionError(f"{source.path.name}: cannot follow the key {ast.unparse(key)}")


def _keys_of_name(name: str, function: _Function, source: _Source) -> Iterator[str]:
    """What is assigned to a variable of the function or the module, or given to a `**name` by its callers."""
    if function.args.kwarg is not None and function.args.kwarg.arg == name:
        yield from _given_to(function.name)
        return
    seen = False
    for place in (*ast.walk(function), *source.tree.body):
        value = _assigned(place, name)
        if value is not None:
            seen = True
            yield from _keys(value, function, source)
        if isinstance(place, ast.Assign) and isinstance(place.targets[0], ast.Subscript):
            target = place.targets[0]
            if ast.unparse(target.value) == name and isinstance(target.slice, ast.Constant):
                yield str(target.slice.value)
    assert seen, f"{source.path.name}: cannot find where {name} comes from"


def _assigned(node: ast.AST, name: str) -> ast.expr | None:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
        return node.value
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
        return node.value
    return None


def _given_to(name: str) -> Iterator[str]:
    callers = [call for source in _sources() for call in _calls(source.tree, name)]
    assert callers, f"nobody calls {name}"
    for call in callers:
        yield from (word.arg for word in call.keywords if word.arg is not None and word.arg != "unit")


def built_in_actors() -> set[tuple[str, str]]:
    """Name and way of each `Actor(...)` whose name is written in the sources; `kind:*` for a name with a variable."""
    found = set()
    for source in _sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Actor":
                name, way = node.args[0], node.args[-1]
                assert isinstance(way, ast.Constant) or ast.unparse(name) == "self.login", ast.unparse(node)
                if isinstance(name, ast.JoinedStr):
                    found.add((f"{ast.literal_eval(name.values[0])}*", ast.literal_eval(way)))
                elif isinstance(name, ast.Constant):
                    found.add((str(name.value), ast.literal_eval(way)))
    return found


def own_reasons() -> set[str]:
    """The reasons for a change of status that the sources give; a variable part is X."""
    found: set[str] = set()
    for source in _sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("apply", "_secure", "_apply"):
                found |= {text for word in node.keywords if word.arg == "reason" for text in _texts(word.value, source)}
    return found


def _texts(node: ast.expr, source: _Source) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    elif isinstance(node, ast.Name):
        for place in ast.walk(source.tree):
            value = _assigned(place, node.id)
            if isinstance(value, ast.Constant | ast.JoinedStr):
                yield from _texts(value, source)


def constants_given_to(function: str, position: int) -> set[str]:
    """The texts that stand at a position of the calls of a function; a variable part is X."""
    return {
        text
        for source in _sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function
        for text in (_texts(node.args[position], source) if len(node.args) > position else ())
    }
