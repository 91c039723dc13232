"""Where the database keeps what tells who a holder is, table by table: the one list that erasing and checking go by.

`tests/ca_service/erasure/test_places.py` asks of every column with text or octets in the schema that it is judged here,
so that a column which is added later cannot be forgotten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, case, literal, or_

from ca_service.domain.applications import Contact
from ca_service.domain.erasures import ERASED, NO_CONTACT, Traces
from ca_service.store import models

Blank = Callable[[Table, Traces], Any]


def _own_key(table: Table, _traces: Traces) -> Any:
    """The row's own identifier: unlike an empty text it equals no other row's, so nobody is taken for somebody else."""
    return table.c.id


def _fixed(value: Any) -> Blank:
    return lambda _table, _traces: value


_EMPTY, _NULL, _NOBODY = _fixed(""), _fixed(None), _fixed(ERASED)


def _external(table: Table, traces: Traces) -> Any:
    """A directory's own key goes; that of an application of ours is opaque, and tells whose place a unit has."""
    own = table.c.external_id.in_(traces.applications)
    return case((own, table.c.external_id), else_=literal("erased/") + table.c.id)


@dataclass(frozen=True)
class Place:
    """Rows about a person: found where a column of `by` has one of the keys of that kind; `blanks` are overwritten,
    `sealed` is what the encrypted column holds then (None: nothing), `kept` are the columns that tell nothing. `among`
    names a column with an index and what it must have too, where those of `by` have none."""

    row: type[models.Base]
    by: Mapping[str, tuple[str, ...]]
    blanks: Mapping[str, Blank] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    sealed: Contact | None = None
    goes: bool = False
    among: tuple[str, str] | None = None

    @property
    def table(self) -> Table:
        """For statements that need no objects."""
        return cast(Table, self.row.__table__)

    def rows(self, traces: Traces) -> ColumnElement[bool]:
        """The condition that finds them."""
        about = or_(
            *(self.table.c[name].in_(getattr(traces, kind)) for name, kinds in self.by.items() for kind in kinds)
        )
        if self.among is None:
            return about
        column, kind = self.among
        return and_(self.table.c[column].in_(getattr(traces, kind)), about)

    def values(self, traces: Traces) -> Mapping[str, Any]:
        """What is written into the columns."""
        return {name: blank(self.table, traces) for name, blank in self.blanks.items()}


PLACES: tuple[Place, ...] = (
    Place(
        models.HolderRow, {"id": ("holders",)},
        {"external_id": _external, "name": _NOBODY, "id_number_hash": _own_key, "pushed_sha256": _EMPTY,
         "approved_sha256": _EMPTY},
        frozenset({"id", "unit_code", "user_type", "status", "approved_in"}), sealed=NO_CONTACT,
    ),
    Place(
        models.ApplicationRow, {"id": ("applications",)},
        {"name": _NOBODY, "address": _EMPTY, "id_number_hash": _own_key, "reason": _EMPTY, "approved_sha256": _EMPTY,
         "existing_account": _EMPTY, "remarks": _EMPTY, "scan_sha256": _EMPTY},
        frozenset({"id", "batch_id", "unit_code", "user_type", "school_type", "status", "at_unit", "entered_by",
                   "approved_path", "mended_by"}),
        sealed=NO_CONTACT,
    ),
    # The same sheet of a unit is one batch by its hash; the identifier in its place is no sheet's.
    Place(
        models.BatchRow, {"id": ("batches",)},
        {"sheet_sha256": _own_key, "scan_sha256": _EMPTY, "sheet_name": _EMPTY, "report_sha256": _EMPTY},
        frozenset({"id", "unit_code", "uploaded_by", "status", "source"}),
    ),
    Place(
        models.StepRow, {"subject": ("applications", "changes")}, {"reason": _EMPTY, "shown_sha256": _EMPTY},
        frozenset({"subject", "event", "from_unit", "to_unit", "by"}),
    ),
    Place(
        models.ConflictRow, {"first_id": ("applications",), "second_id": ("applications",)},
        {"id_number_hash": _own_key, "reason": _EMPTY},
        frozenset({"id", "first_id", "second_id", "status", "at_unit", "decided_by"}),
    ),
    Place(
        models.ChangeRow, {"id": ("changes",)},
        {"explanation": _EMPTY, "opinion": _EMPTY, "scan_sha256": _EMPTY, "decision_reason": _EMPTY,
         "approved_sha256": _EMPTY, "sealed": _NULL},
        frozenset({"id", "kind", "holder_id", "unit_code", "status", "submitted_by", "certificate_act", "decided_by",
                   "executed_by", "at_unit"}),
    ),
    Place(
        models.TransferRow, {"holder_id": ("holders",), "application_id": ("applications",)}, {"end_reason": _EMPTY},
        frozenset({"id", "unit_code", "holder_id", "change_id", "application_id", "status", "opened_by", "ended_by"}),
    ),
    # A certificate carries the name. Its hash stays (`der_sha256`): the key in it is random, so nobody can guess from
    # the hash what it said; who has the certificate can be told that it was ours, and what became of it.
    Place(
        models.CertificateRow, {"serial": ("certificates",)},
        {"subject": _NOBODY, "tbs": _fixed(b""), "der": _NULL},
        frozenset({"serial", "issuer", "profile", "unit_code", "status", "key_sha256", "holder_id", "medium_serial",
                   "crl_entry", "outdated_by", "der_sha256"}),
    ),
    Place(
        models.StatusEventRow, {"serial": ("certificates",)}, {"reason": _EMPTY},
        frozenset({"serial", "event", "status", "by", "ground"}),
    ),
    Place(
        models.StatusOrderRow, {"serial": ("certificates",)}, {"reason": _EMPTY},
        frozenset({"id", "serial", "unit_code", "act", "ordered_by", "status", "confirmed_by"}),
    ),
    Place(
        models.EnrolmentRow, {"holder_id": ("holders",)},
        {"reference_hash": _own_key, "code_hash": _EMPTY, "session_hash": _NULL, "nonce": _NULL, "challenge": _NULL},
        frozenset({"id", "holder_id", "medium_serial", "status", "issued_by", "key_sha256", "certificate_serial",
                   "renews"}),
    ),
    Place(
        models.ReleaseRow, {"holder_id": ("holders",)}, {"code_hash": _EMPTY, "session_hash": _NULL, "nonce": _NULL},
        frozenset({"id", "serial", "holder_id", "unit_code", "change_id", "status", "released_by", "asked_by"}),
    ),
    Place(
        models.CustodyRow, {"from_place": ("holders",), "to_place": ("holders",)}, {"note": _EMPTY},
        frozenset({"serial", "event", "from_place", "to_place", "by", "status", "at_unit"}), among=("serial", "media"),
    ),
    Place(
        models.DispatchSheetRow, {"id": ("sheets",)}, {"scan_sha256": _EMPTY},
        frozenset({"id", "unit_code", "status", "prepared_by"}),
    ),
    Place(models.ResponsibleRow, {"id": ("roster",)}, goes=True),
    Place(models.SignInRow, {"holder_id": ("holders",)}, goes=True),
    Place(models.MessageRow, {"id": ("messages",)}, goes=True),
    Place(
        models.RecordsHoldRow, {"holder_id": ("holders",)}, {"reason": _EMPTY, "lift_reason": _EMPTY},
        frozenset({"id", "holder_id", "unit_code", "set_by", "lifted_by"}),
    ),
)  # fmt: skip

UNTOUCHED: Mapping[str, str] = MappingProxyType({
    "account_event": "opaque identifiers, read by relying systems in order",
    "audit_checkpoint": "hashes",
    "audit_entry": "append-only: names of the people concerned are masked before they are hashed",
    "audit_tile": "hashes",
    "campaign": "dates",
    "compromise": "about a CA",
    "crl": "serial numbers",
    "crl_alarm": "about lists",
    "crl_override": "serial numbers, and why a list differs",
    "crl_shard": "addresses of lists",
    "draft": "uploads that were not taken: the worker drops them after days",
    "draft_part": "uploads that were not taken: the worker drops them after days",
    "erasure": "opaque; its ground is about the case",
    "erasure_chore": "goes when it is done",
    "erasure_line": "opaque keys, keyed hashes",
    "first_sign_in": "rows go",
    "hand_over": "opaque: token, holder, units, staff",
    "head": "counters",
    "issuer": "CA certificates",
    "lag": "measurements",
    "lease": "processes",
    "medium": "tokens; whose one is, by opaque identifier",
    "message": "rows go",
    "ocsp_answer": "answers about serial numbers",
    "parcel": "tokens between units",
    "parcel_item": "tokens between units",
    "presign_run": "runs of signing",
    "proposal": "about staff accounts and keys",
    "pulse": "processes",
    "push_receipt": "hashes of whole pushes, with telephone numbers in them: not to be guessed",
    "responsible_person": "rows go",
    "sign_in_try": "keyed hashes, of staff",
    "so_pin": "sealed PINs of tokens",
    "staff": "staff accounts: told of, kept while they are needed",
    "staff_passkey": "staff accounts",
    "staff_recovery_code": "staff accounts",
    "staff_session": "staff accounts",
    "staff_totp": "staff accounts",
    "status_log": "serial numbers",
    "unit": "units",
    "unit_case": "about units",
    "unit_event": "about units",
    "unit_lineage": "units",
    "unit_step": "opaque identifiers",
})  # fmt: skip
"""Tables that erasing leaves alone, or whose rows go as a whole, and why."""

DOCUMENTS: tuple[tuple[type[models.Base], str], ...] = (
    (models.BatchRow, "sheet_sha256"),
    (models.BatchRow, "scan_sha256"),
    (models.BatchRow, "report_sha256"),
    (models.ApplicationRow, "scan_sha256"),
    (models.ChangeRow, "scan_sha256"),
    (models.DispatchSheetRow, "scan_sha256"),
)
"""Every column that names a document."""
