"""A configuration as TOML: tables of strings, numbers, truth values, lists and tables of strings."""

import json
from collections.abc import Mapping
from typing import Any


def toml_text(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """The file's text; `config.load` reads it back to the same."""
    return "\n".join(_table(name, table) for name, table in tables.items())


def _table(name: str, table: Mapping[str, Any]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items()), ""])


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A TOML basic string has JSON's escapes; truth values and numbers look the same.
    return json.dumps(value, ensure_ascii=False)
