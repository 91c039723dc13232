"""A sealed field opens where it belongs and as it was written, or not at all."""

import pytest

from ca_service.domain.errors import Invalid
from ca_service.store.sealing import FieldKey, Sealer


def test_what_was_moved_changed_or_sealed_by_another_key_does_not_open() -> None:
    sealer, other = Sealer(FieldKey(bytes(32))), Sealer(FieldKey(b"\1" * 32))
    sealed = sealer.seal(b"150302199001010004", context="holder/H1")
    assert sealer.open(sealed, context="holder/H1") == b"150302199001010004"
    assert b"1503021990" not in sealed
    for at in range(len(sealed)):
        damaged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Invalid):
            sealer.open(damaged, context="holder/H1")
    for opener, context in ((sealer, "holder/H2"), (other, "holder/H1")):
        with pytest.raises(Invalid):
            opener.open(sealed, context=context)
