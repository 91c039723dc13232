"""A key counts as born on the token only if the token says so in every respect."""

from dataclasses import replace

import pytest

from token_provisioning.attributes import KeyAttributes
from token_provisioning.errors import KeyNotLocalError, KeyNotSafeError

BORN_THERE = KeyAttributes(sensitive=True, always_sensitive=True, extractable=False, never_extractable=True, local=True)


def test_a_key_born_on_the_token_is_taken() -> None:
    BORN_THERE.require_token_born()


@pytest.mark.parametrize(
    ("attribute", "said", "name"),
    [
        ("sensitive", False, "SENSITIVE"),
        ("always_sensitive", False, "ALWAYS_SENSITIVE"),
        ("extractable", True, "NOT EXTRACTABLE"),
        ("never_extractable", False, "NEVER_EXTRACTABLE"),
        ("local", False, "LOCAL"),
    ],
)
@pytest.mark.parametrize("silent", [False, True])
def test_one_attribute_that_is_wrong_or_untold_is_enough_to_refuse(
    attribute: str, said: bool, name: str, silent: bool
) -> None:
    key = replace(BORN_THERE, **{attribute: None if silent else said})

    with pytest.raises(KeyNotSafeError) as refused:
        key.require_token_born()
    assert refused.value.facts == {"missing": name}
    assert (type(refused.value) is KeyNotLocalError) == (name == "LOCAL")


def test_of_several_that_are_missing_all_are_named() -> None:
    with pytest.raises(KeyNotSafeError, match=r"不满足不可导出要求\(NEVER_EXTRACTABLE, LOCAL\)"):
        replace(BORN_THERE, never_extractable=None, local=False).require_token_born()
