"""The log becomes a chain; teacher codes, sign-in by password, the account feed

Revision: 0002
Follows: 0001

Entries that are there already are linked in their order, so the chain starts with them.
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_LINKS = (("seq", sa.Integer()), ("previous", sa.String(64)), ("hash", sa.String(64)))


def upgrade() -> None:
    op.add_column("accounts", sa.Column("code", sa.String(10), nullable=True))
    op.add_column("accounts", sa.Column("wrong_tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("password_until", _TIME, nullable=True))
    # An index, not a constraint: SQLite would have to make the table anew, which the log's rows point to.
    op.create_index("accounts_code", "accounts", ["code"], unique=True)
    _new_tables()
    op.add_column("log", sa.Column("detail", sa.Text(), nullable=True))
    for name, kind in _LINKS:
        op.add_column("log", sa.Column(name, kind, nullable=True))
    seq, link = _link_what_is_there()
    op.execute(sa.text("INSERT INTO log_head (id, seq, hash) VALUES (1, :seq, :hash)").bindparams(seq=seq, hash=link))
    op.execute(sa.text("INSERT INTO feed_position (id, seq, head) VALUES (1, 0, 0)"))
    with op.batch_alter_table("log") as batch:
        for name, kind in _LINKS:
            batch.alter_column(name, existing_type=kind, nullable=False)
        batch.create_unique_constraint("log_seq", ["seq"])


def _new_tables() -> None:
    op.create_table(
        "person_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), nullable=False, index=True),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=False),
    )
    op.create_table(
        "seen_certificates",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("holder_id", sa.String(128), nullable=False),
        sa.Column("unit_code", sa.String(64), nullable=False),
        sa.Column("signed_in_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
    )
    op.create_table(
        "standings",
        sa.Column("holder_id", sa.String(128), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("unit_code", sa.String(64), nullable=True),
        sa.Column("locked_at", _TIME, nullable=True),
        sa.Column("pages_void_before", _TIME, nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
    )
    op.create_table(
        "feed_position",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("page_at", _TIME, nullable=True),
        sa.Column("polled_at", _TIME, nullable=True),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _link_what_is_there() -> tuple[int, str]:
    """The digest of accounts/chain.py as it was at this revision."""
    log = sa.table(
        "log",
        *(sa.column(name) for name in ("id", "act", "holder_id", "certificate_serial", "unit_code")),
        *(sa.column(name) for name in ("account_id", "refusal", "seq", "previous", "hash")),
        sa.column("at", _TIME),
    )
    connection, seq, link = op.get_bind(), 0, "0" * 64
    for row in connection.execute(sa.select(log).order_by(log.c.id)).mappings().all():
        seq += 1
        at: datetime = row["at"].replace(tzinfo=UTC) if row["at"].utcoffset() is None else row["at"].astimezone(UTC)
        content = [
            seq,
            at.isoformat(timespec="microseconds"),
            row["act"],
            row["holder_id"],
            row["certificate_serial"],
            row["unit_code"],
            row["account_id"],
            row["refusal"],
            None,
            link,
        ]
        digest = hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
        linked = sa.update(log).where(log.c.id == row["id"]).values(seq=seq, previous=link, hash=digest)
        connection.execute(linked)
        link = digest
    return seq, link


def downgrade() -> None:
    raise NotImplementedError("the chain and the passwords' state would be lost; restore the backup instead")
