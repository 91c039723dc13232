"""Alembic's entry point; the connection comes from accounts/database.py, never from an ini file."""

from alembic import context

from teacher_registry.accounts.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
