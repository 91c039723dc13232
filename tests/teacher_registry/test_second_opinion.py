"""The second verifier: on which paths it is asked, what it refuses by itself, and that all judges must agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification import chain, second_opinion, verify_chain
from teacher_registry.verification.certificates import read_certificate
from teacher_registry.verification.path_builder import Path
from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.case_constraints import DIRECTORY, limit
from tests.teacher_registry.hostile.case_names import ADDRESS, DNS, EMAIL, names


def path(*forged: f.Forged) -> Path:
    """Read, as the path builder hands it over."""
    return tuple(read_certificate(one.der) for one in forged)


def verdict(judged: Path, at: datetime = f.NOW) -> str:
    """ "agrees", "refuses", or "is not asked"."""
    if not second_opinion.applies(judged):
        return "is not asked"
    try:
        second_opinion.agree(judged, at)
    except RefusalError:
        return "refuses"
    return "agrees"


def through(**authority: object) -> Path:
    """Root -> authority with the deviation -> leaf."""
    root = f.root()
    middle = f.authority(root, **authority)
    return path(root, middle, f.leaf(middle))


def test_it_agrees_to_our_path() -> None:
    assert verdict(through()) == "agrees"


def test_it_refuses_by_itself_what_is_wrong() -> None:
    root = f.root()
    assert verdict(path(f.root(), f.leaf(root))) == "refuses"
    assert verdict(through(instead=[f.constraints(ca=False)])) == "refuses"
    assert verdict(through(), f.NOW + timedelta(days=400)) == "refuses"
    assert verdict(through(), f.NOW - timedelta(days=2)) == "refuses"
    short = f.authority(root, instead=[f.constraints(ca=True, length=0)])
    below = f.authority(short, subject=f.name("第二"))
    assert verdict(path(root, short, below, f.leaf(below))) == "refuses"
    limited = f.root(more=[limit([(DNS, b"example.com")])])
    assert verdict(path(limited, f.leaf(limited, more=[names((DNS, b"example.org"))]))) == "refuses"


@pytest.mark.parametrize(
    "more",
    [
        limit([(DIRECTORY, f.name("x"))]),
        limit([(EMAIL, b"example.com")]),
        f.ext(x509.PolicyConstraints(5, None), critical=True),
        f.ext(x509.InhibitAnyPolicy(5), critical=True),
    ],
    ids=["directory-names", "mailboxes", "policy-constraints", "inhibit-any-policy"],
)
def test_it_is_not_asked_about_what_it_does_not_know(more: f.Ext) -> None:
    assert verdict(through(more=[more])) == "is not asked"


def test_it_is_not_asked_about_authorities_as_leaves_or_self_issued_ones_or_names_by_preparation() -> None:
    root = f.root()
    assert verdict(path(root, f.authority(root))) == "is not asked"
    again = f.authority(root, subject=root.subject)
    assert verdict(path(root, again, f.leaf(again))) == "is not asked"
    blank = f.root(subject=f.name("Edu CA"))
    assert verdict(path(blank, f.leaf(blank, issuer=f.name("EDU  ca")))) == "is not asked"


def test_it_is_asked_about_constraints_on_hosts_and_addresses() -> None:
    some = limit([(DNS, b"example.com"), (ADDRESS, bytes([10, 0, 0, 0, 255, 0, 0, 0]))])
    assert verdict(through(more=[some])) == "agrees"


def _refuse(*_: object) -> None:
    raise RefusalError(RefusalKind.FOREIGN, "this judge disagrees")


@pytest.mark.parametrize(
    "judge", ["second_opinion.agree", "section6.validate_path", "check_name_constraints"], ids=lambda name: name
)
def test_a_certificate_is_accepted_only_if_all_judges_agree(judge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f.root()
    leaf = f.leaf(root).der

    def verify() -> None:
        verify_chain(leaf, [], [root.der], [], f.NOW, purpose=None, revocation="if-given")

    verify()
    module, _, name = judge.rpartition(".")
    disagree: Callable[..., None] = _refuse
    monkeypatch.setattr(getattr(chain, module) if module else chain, name, disagree)
    with pytest.raises(RefusalError, match="this judge disagrees"):
        verify()
