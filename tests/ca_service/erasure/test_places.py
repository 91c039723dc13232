"""The list of places where a person's data lie is whole: no column that can hold a text is left unjudged."""

from sqlalchemy import LargeBinary, String, Table, TypeDecorator

from ca_service.store.models import Base
from ca_service.store.personal_places import DOCUMENTS, PLACES, UNTOUCHED


def _telling(table: Table) -> set[str]:
    """The columns that can hold a text or octets."""
    return {
        column.name
        for column in table.columns
        if isinstance(column.type.impl if isinstance(column.type, TypeDecorator) else column.type, String | LargeBinary)
    }


def test_every_column_with_text_or_octets_is_overwritten_or_kept_on_purpose() -> None:
    for place in PLACES:
        if place.goes:
            continue
        judged = {*place.blanks, *place.kept, *({"sealed"} if place.sealed else ())}
        assert _telling(place.table) == judged & _telling(place.table), place.table.name
        assert judged <= {column.name for column in place.table.columns}, place.table.name
        assert not place.kept & place.blanks.keys(), place.table.name


def test_every_table_is_on_the_list_or_left_alone_with_a_reason() -> None:
    listed = {place.table.name for place in PLACES if not place.goes}
    assert listed | UNTOUCHED.keys() == set(Base.metadata.tables)
    assert not listed & UNTOUCHED.keys()
    assert all(UNTOUCHED.values())


def test_every_column_that_names_a_document_is_known() -> None:
    named = {(row.__tablename__, name) for row, name in DOCUMENTS}
    # Hashes of what was approved, shown or pushed are no documents.
    others = {"approved_sha256", "shown_sha256", "pushed_sha256", "key_sha256", "plan_sha256", "der_sha256"}
    found = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sha256") and column.name not in others
    }
    assert found == named
