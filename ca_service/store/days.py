"""The day in Asia/Shanghai of a stored time, as ISO text, in both databases."""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement


class shanghai_day(FunctionElement[str]):  # noqa: N801  used like the database's own functions
    """`shanghai_day(column)`; the zone has had no summer time since 1991, so a fixed shift is exact."""

    type = Text()
    inherit_cache = True


@compiles(shanghai_day, "sqlite")
def _sqlite(element: shanghai_day, compiler: SQLCompiler, **kw: Any) -> str:
    return f"date({compiler.process(element.clauses, **kw)}, '+8 hours')"


@compiles(shanghai_day, "postgresql")
def _postgresql(element: shanghai_day, compiler: SQLCompiler, **kw: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kw)} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')"
