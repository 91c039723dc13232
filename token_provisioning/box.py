"""A box of blank tokens, initialised one after the other into one folder; broken off anywhere, it goes on.

The folder holds
- `journal.jsonl`: what was begun, keyed, sealed and done, each line on the disk before the token changes;
- `SERIAL.json`: for each finished token what the registry of media takes, with the SO PIN sealed for the CA;
- `first-pins.csv`: serial number, label and first PIN, for the letters to the holders; delete it once they are printed.

What a death leaves: a token begun and not keyed is erased and begun again; a token that is keyed is asked
whether the vendor's SO PIN still opens it. If so, only the last step is missing; if not, that step was done
and the SO PIN last written to the journal is the one in force.
"""

import base64
import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Token

from token_provisioning import initialise, sealing
from token_provisioning.attributes import BINDING_LABEL
from token_provisioning.errors import FileNotUsableError, SoPinWrongError, TokenError
from token_provisioning.journal import Entry, Journal, plain_name
from token_provisioning.login import translated
from token_provisioning.module import Module, token_info
from token_provisioning.pkcs11_device import public_keys

_BEGUN, _KEYED, _SO_PIN, _DONE = "begun", "keyed", "so-pin", "done"
_PINS = "first-pins.csv"


@dataclass(frozen=True, kw_only=True)
class BoxOrder:
    """What is to be done to each token; `label` makes one from a number, counted on from the journal."""

    label: Callable[[int], str]
    vendor_so_pin: str
    erase: bool
    reader: ec.EllipticCurvePublicKey
    random_bytes: Callable[[int], bytes]


@dataclass
class _Known:
    """What the journal knows of one token."""

    label: str = ""
    keyed: dict[str, str] = field(default_factory=dict)
    so_pin_sealed: str = ""
    done: bool = False


class Box:
    """The folder of one box. Only one process at a time may use it."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder, self._journal = folder, journal
        self._known: dict[str, _Known] = {}
        for entry in journal.entries:
            self._learn(entry)

    @property
    def done(self) -> list[str]:
        """The serial numbers of all finished tokens."""
        return [serial for serial, known in self._known.items() if known.done]

    def initialise(self, module: Module, token: Token, order: BoxOrder) -> bool:
        """Bring one token to its end; `False` if it was there already. Raises `TokenError`."""
        serial = token_info(token).serial
        known = self._known.get(serial, _Known())
        if known.done:
            return False
        if not known.label:
            initialise.require_serial(token)
            if not order.erase:
                initialise.require_blank(token)
            self._note(_BEGUN, serial=serial, label=order.label(len(self._known) + 1))
        if not known.keyed or known.keyed.get("binding_public_key") not in _binding_keys(token):
            self._prepare(module, token, serial, order)
        self._close_off(token, serial, order)
        self._finish(serial)
        return True

    def _prepare(self, module: Module, token: Token, serial: str, order: BoxOrder) -> None:
        keeper = _BoxKeeper(self, serial, order.reader)
        # From here on what is on the token is our own work: to begin again is to erase it.
        one = initialise.Order(label=self._known[serial].label, vendor_so_pin=order.vendor_so_pin, erase=True)
        made = initialise.prepare(module, token, one, keeper=keeper, random_bytes=order.random_bytes)
        key = base64.b64encode(made.binding_public_key).decode()
        self._note(_KEYED, serial=serial, model=made.model, manufacturer=made.manufacturer, binding_public_key=key)

    def _close_off(self, token: Token, serial: str, order: BoxOrder) -> None:
        keeper = _BoxKeeper(self, serial, order.reader)
        try:
            initialise.close_off(token, order.vendor_so_pin, keeper=keeper, random_bytes=order.random_bytes)
        except SoPinWrongError:
            if not self._known[serial].so_pin_sealed:
                raise

    def _finish(self, serial: str) -> None:
        known = self._known[serial]
        record = {"serial": serial, "label": known.label, **known.keyed, "so_pin_sealed": known.so_pin_sealed}
        _replace(self._folder / f"{plain_name(serial)}.json", json.dumps(record, ensure_ascii=False) + "\n")
        self._note(_DONE, serial=serial)

    def keep_first_pin(self, serial: str, pin: str) -> None:
        """Append a row to the list of first PINs; of several rows for a token the last one counts."""
        path = self._folder / _PINS
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerow((serial, self._known[serial].label, pin))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise FileNotUsableError(path=str(path), reason=error.strerror or "OSError") from error

    def keep_so_pin(self, serial: str, sealed: bytes) -> None:
        """Write the sealed SO PIN to the journal; of several the last one counts."""
        self._note(_SO_PIN, serial=serial, so_pin_sealed=base64.b64encode(sealed).decode())

    def tidy(self) -> None:
        """Leave in the list of first PINs one row for each token: the one in force."""
        path = self._folder / _PINS
        if not path.exists():
            return
        with path.open(encoding="utf-8", newline="") as file:
            last = {row[0]: row for row in csv.reader(file) if len(row) == 3}
        text = io.StringIO()
        csv.writer(text).writerows(last.values())
        _replace(path, text.getvalue())

    def _note(self, step: str, **facts: str) -> None:
        self._journal.note(step, **facts)
        self._learn(self._journal.last)

    def _learn(self, entry: Entry) -> None:
        facts = dict(entry.facts)
        serial = facts.pop("serial", "")
        known = self._known.setdefault(serial, _Known())
        if entry.step == _BEGUN:
            known.label = facts.get("label", "")
        elif entry.step == _KEYED:
            known.keyed, known.so_pin_sealed = facts, ""
        elif entry.step == _SO_PIN:
            known.so_pin_sealed = facts.get("so_pin_sealed", "")
        elif entry.step == _DONE:
            known.done = True


class _BoxKeeper:
    """`initialise.Keeper` over the box."""

    def __init__(self, box: Box, serial: str, reader: ec.EllipticCurvePublicKey) -> None:
        self._box, self._serial, self._reader = box, serial, reader

    def keep_first_pin(self, pin: str) -> None:
        """In plain, since the holder gets it on paper; on the disk when this returns."""
        self._box.keep_first_pin(self._serial, pin)

    def keep_so_pin(self, pin: str) -> None:
        """Sealed for the custody key, bound to this token by its serial number."""
        info = sealing.CUSTODY_CONTEXT + self._serial.encode()
        self._box.keep_so_pin(self._serial, sealing.seal(pin, reader=self._reader, info=info))

    def forget(self) -> None:
        """Nothing: the row that the token does not know is replaced at the next try."""


def fill(
    box: Box, module: Module, tokens: list[Token], order: BoxOrder, report: Callable[[str, TokenError | None], None]
) -> int:
    """Initialise the tokens in turn; returns how many failed. Each outcome is reported by serial number.

    A refused vendor SO PIN ends the run by `SoPinWrongError`: it is most likely wrong for all of them, and
    each has only so many tries.
    """
    failed = 0
    for token in tokens:
        try:
            box.initialise(module, token, order)
        except SoPinWrongError:
            raise
        except TokenError as error:
            failed += 1
            report(token_info(token).serial, error)
        else:
            report(token_info(token).serial, None)
    box.tidy()
    return failed


def _binding_keys(token: Token) -> list[str]:
    with translated(token), token.open() as session:
        return [base64.b64encode(key).decode() for key in public_keys(session, BINDING_LABEL)]


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise FileNotUsableError(path=str(path), reason=error.strerror or "OSError") from error
