"""What somebody typed to look for entries, as a filter."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from ca_service.audit.tag_words import tags_of
from ca_service.clock import SHANGHAI
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.errors import Invalid
from ca_service.workflows.campaign import parse_day

FIELDS = ("act", "unit", "exact", "actor", "subject", "since", "until")
_LONGEST: Mapping[str, int] = {"unit": 20, "actor": 80, "subject": 120}


def read_filter(given: Mapping[str, str]) -> AuditFilter:
    """The filter of texts by the names of FIELDS; days are days in Asia/Shanghai, both inclusive. Raises Invalid."""
    asked = {name: given.get(name, "").strip() for name in FIELDS}
    for name, longest in _LONGEST.items():
        if len(asked[name]) > longest or not asked[name].isprintable():
            raise Invalid(f"查找内容过长或含有非法字符（最多 {longest} 个字）。请缩短后重试。")
    tags = tags_of(asked["act"]) if asked["act"] else ()
    if tags is None:
        raise Invalid(f"没有“{asked['act'][:40]}”这种事项。请从列表中选择事项或事项类别。")
    since, until = _day(asked["since"], "起始日期"), _day(asked["until"], "截止日期")
    if since and until and since > until:
        raise Invalid(f"起始日期 {since} 晚于截止日期 {until}。请更正后重试。")
    return AuditFilter(
        tags=tags,
        unit=asked["unit"],
        exact=bool(asked["exact"]),
        actor=asked["actor"],
        subject=asked["subject"],
        since=_start(since) if since else None,
        until=_start(until + timedelta(days=1)) if until else None,
    )


def _day(text: str, what: str) -> date | None:
    if not text:
        return None
    day = parse_day(text, what)
    # Beyond lies no entry, and the day after, or the same moment in UTC, would be no date any more.
    if not 1970 <= day.year <= 9000:
        raise Invalid(f"{what}超出范围，收到的是“{text[:20]}”。")
    return day


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
