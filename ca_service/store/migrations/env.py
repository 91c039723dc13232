"""Alembic's entry point; the connection comes from `store/schema.py`, never from an ini file."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import TypeDecorator

from ca_service.store.models import Base


def _render(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    # A migration is history: it names the database's types, not those of today's code.
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
