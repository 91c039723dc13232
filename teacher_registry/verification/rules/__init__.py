"""The strict check of form that stands before any path is believed."""

from functools import cache

from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.rules import authorities, extensions, fields, names
from teacher_registry.verification.rules.rule import Place, Rule, Strictness

__all__ = ["RULES", "Place", "Rule", "Strictness", "broken_rule"]

RULES: tuple[Rule, ...] = (*fields.RULES, *extensions.RULES, *authorities.RULES, *names.RULES)


@cache
def _applicable(place: Place, strictness: Strictness) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if place in rule.places and rule.strictness <= strictness)


def broken_rule(certificate: ReadCertificate, place: Place, strictness: Strictness) -> Rule | None:
    """The first rule that the certificate breaks at this place in a path, or None."""
    return next((rule for rule in _applicable(place, strictness) if rule.broken_by(certificate)), None)
