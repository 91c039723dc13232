"""The outbox of first sign-ins: filled with the log, also from what the log held before there was one."""

from datetime import timedelta
from pathlib import Path

from alembic import command
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from teacher_registry.accounts.database import _alembic, open_database
from teacher_registry.accounts.journal import Journal
from teacher_registry.accounts.models import FirstSignIn
from teacher_registry.verification.subject import VerifiedAdministrator
from tests.teacher_registry.authority import NOW

_ACTOR = VerifiedAdministrator("H000001", "张萌", "150102001", "第一试验小学", "1001", bytes(32))


def _rows(engine: Engine) -> list[tuple[str, object, object]]:
    with Session(engine) as session:
        return [(row.certificate_serial, row.at, row.reported_at) for row in session.scalars(select(FirstSignIn))]


def test_only_the_first_sign_in_of_a_certificate_is_kept(database_url: str) -> None:
    sessions = open_database(database_url)
    for days in (0, 1, 2):
        Journal(sessions).signed_in(_ACTOR, NOW + timedelta(days=days))
    engine = sessions.kw["bind"]
    assert _rows(engine) == [("1001", NOW, None)]
    engine.dispose()


def test_sign_ins_of_before_the_outbox_are_in_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(_alembic(connection), "0002")
        for seq, (act, serial, day) in enumerate(
            [("administrator:sign-in", "1001", 2), ("administrator:sign-in", "1001", 1), ("account:stop", "2002", 1)], 1
        ):
            connection.execute(
                text(
                    "INSERT INTO log (at, act, certificate_serial, seq, previous, hash) "
                    "VALUES (:at, :act, :serial, :seq, '', '')"
                ),
                {"at": f"2026-11-0{day} 00:00:00.000000", "act": act, "serial": serial, "seq": seq},
            )
    engine.dispose()
    sessions = open_database(url)
    ((serial, at, reported),) = _rows(sessions.kw["bind"])
    assert (serial, str(at), reported) == ("1001", "2026-11-01 00:00:00+00:00", None)
    sessions.kw["bind"].dispose()
