"""Everything that the code writes into the audit log has Chinese words: acts, keys of details, values, actors."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from importlib import resources

import pytest

from ca_service.audit import value_words as w
from ca_service.audit.actor_words import VIA, actor_text, is_builtin
from ca_service.audit.asked import read_filter
from ca_service.audit.detail_words import KEYS, RETIRED, SPECIAL, key_of
from ca_service.audit.reading import Names, read, wordless
from ca_service.audit.tag_words import GROUPS, TAG_WORDS, tags_of
from ca_service.domain import errors
from ca_service.domain.audit import AuditEntry, Tag, canonical
from ca_service.domain.certificates import CertificateStatus, RevocationReason
from ca_service.domain.changes import CertificateAct, ChangeKind, Particular
from ca_service.domain.conflicts import ConflictEvent
from ca_service.domain.media import Arrival
from ca_service.domain.responsible import Duty
from ca_service.domain.roles import Action, Role
from ca_service.domain.sign_in import Method
from ca_service.domain.unit_cases import UnitAct
from tests.ca_service.audit_log import written

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PROFILES = [
    file.name.removesuffix(".toml")
    for file in (resources.files("profiles") / "data").iterdir()
    if file.name.endswith(".toml")
]
_ENTRY = AuditEntry(
    7, "2026-11-24T16:30:05.000000+00:00", Tag.STAFF_SIGNED_IN, "zhang", "web", "150000", "zhang",
    canonical({"method": "totp", "source": "192.0.2.1"}), bytes(32),
)  # fmt: skip


def test_every_act_stands_in_exactly_one_group_with_a_chinese_word_of_its_own() -> None:
    listed = Counter(tag for group in GROUPS for tag in group.acts)
    assert listed == Counter(Tag)
    words = Counter(word for group in GROUPS for word in group.acts.values())
    assert [word for word, times in words.items() if times > 1 or not _CHINESE.search(word)] == []


def test_a_group_stands_for_its_acts_and_an_act_for_itself() -> None:
    assert all(tags_of(group.key) == tuple(group.acts) for group in GROUPS)
    assert tags_of("ca:certificate:revoked") == (Tag.CERTIFICATE_REVOKED,)
    assert tags_of("ca:certificate") is None
    assert not {group.key for group in GROUPS} & set(TAG_WORDS)


def test_every_key_that_the_code_writes_has_words() -> None:
    keys = written.detail_keys()
    assert [(key, file) for key, file in sorted(keys) if key not in KEYS] == []
    # The reader sees the plain dict, the variable, the added key, the function's result and the keyword arguments.
    seen = {key for key, _ in keys}
    assert {"scan", "holder", "delta_base", "sheet", "root", "to", "tokens_due", "only-unit"} <= seen


def test_words_of_keys_that_nothing_writes_any_more_are_kept_as_such() -> None:
    assert set(KEYS) - {key for key, _ in written.detail_keys()} == RETIRED
    assert {key for _, key in SPECIAL} <= set(KEYS)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (w.ROLES, Role), (w.METHODS, Method), (w.CHANGE_KINDS, ChangeKind), (w.CERTIFICATE_ACTS, CertificateAct),
        (w.UNIT_ACTS, UnitAct), (w.DECISIONS, ConflictEvent), (w.ARRIVALS, Arrival), (w.DUTIES, Duty),
        (w.CRL_REASONS, [reason.name for reason in RevocationReason]), (w.ACTIONS, Action),
        (w.PROFILES, _PROFILES),
    ],
)  # fmt: skip
def test_a_table_of_values_covers_its_enumeration(table: Mapping[str, str], values: Iterable[str]) -> None:
    assert set(table) == {str(value) for value in values}
    assert all(_CHINESE.search(word) for word in table.values())


def test_every_kind_of_error_has_words() -> None:
    kinds = {error.kind for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "kind")}
    assert set(w.ERROR_KINDS) == kinds


def test_every_field_that_a_change_can_name_has_words() -> None:
    assert set(Particular) <= set(w.FIELDS)


def test_every_refusal_of_a_sign_in_has_words() -> None:
    given = written.constants_given_to("refuse_sign_in", 3)
    by_status = {f"certificate-{status}" for status in (*CertificateStatus, "expired")}
    assert {why for why in given if why != "certificate-X"} | by_status == set(w.SIGN_IN_REFUSALS)


def test_every_review_that_can_be_refused_has_words() -> None:
    places = {"recorded": 2, "refused": 2, "_ReviewedPaper": 0}
    given = set[str]().union(*(written.constants_given_to(name, place) for name, place in places.items()))
    assert given == set(w.REVIEWS)


def test_every_reason_of_the_service_itself_has_words() -> None:
    reasons = written.own_reasons()
    assert len(reasons) >= len(w.OWN_REASONS) - 1
    assert [reason for reason in reasons if not _CHINESE.search(w.own_reason(reason))] == []


def test_what_a_person_typed_as_a_reason_stays_as_it_is() -> None:
    assert w.own_reason("renewed by mistake") == "renewed by mistake"
    assert w.own_reason("token T1 reported lost") == "介质 T1 已挂失"


def test_every_actor_of_the_service_and_every_way_has_words() -> None:
    actors = written.built_in_actors()
    assert ("helper", "api") in actors
    assert ("local:*", "cli") in actors
    for name, way in actors:
        assert way in VIA
        assert is_builtin(name, way), (name, way)
        assert _CHINESE.search(actor_text(name, way, {})), (name, way)


def test_an_account_that_is_called_like_a_program_does_not_pass_for_it() -> None:
    people = {"helper": "示范人", "ceremony": "示范人"}
    assert actor_text("helper", "api", people) == "证书助手"
    assert actor_text("helper", "web", people) == "示范人（helper）"
    assert actor_text("ceremony", "cli", people) == "建立 CA 的仪式或示范人（ceremony）"
    assert actor_text("local:root", "cli", {}) == "本机操作员 root"


def test_an_entry_is_read_in_chinese_and_in_the_time_of_shanghai() -> None:
    shown = read(_ENTRY, Names({"150000": "示范中心"}, {"zhang": "示范人"}))
    assert shown.moment == "2026-11-25 00:30:05"
    assert (shown.act, shown.actor, shown.via, shown.unit) == ("登录", "示范人（zhang）", "控制台", "示范中心")
    assert shown.detail == "方式：动态验证码；来源地址：192.0.2.1"
    assert list(wordless(_ENTRY)) == []


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"detail": "{"}, "原文：{"),
        ({"detail": "[1]"}, "原文：[1]"),
        ({"detail": '{"colour":"red"}'}, "colour：red"),
        ({"detail": '{"method":"smell"}'}, "方式：smell"),
        ({"tag": "ra:staff:invented", "detail": "{}"}, ""),
    ],
)
def test_what_has_no_words_is_shown_as_it_is_stored_and_told(changes: Mapping[str, str], detail: str) -> None:
    entry = replace(_ENTRY, **changes)  # type: ignore[arg-type]
    assert read(entry, Names()).detail == detail
    assert list(wordless(entry)) != []


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-24T16:30:05"])
def test_a_damaged_time_is_shown_as_it_is_stored(at: str) -> None:
    assert read(replace(_ENTRY, at=at), Names()).moment == at


def test_days_are_whole_days_in_shanghai_both_inclusive() -> None:
    asked = read_filter({"since": "2026-11-24", "until": "2026-11-24"})
    assert asked.since is not None
    assert asked.until is not None
    assert asked.since.astimezone(UTC).isoformat() == "2026-11-23T16:00:00+00:00"
    assert asked.until - asked.since == timedelta(days=1)


@pytest.mark.parametrize("text", ["a\x00b", "\udcff", "a\nb", "x" * 121])
def test_what_no_entry_can_hold_is_refused_before_the_store_sees_it(text: str) -> None:
    with pytest.raises(errors.Invalid):
        read_filter({"subject": text})


def test_a_list_shows_the_beginning_of_a_hash_and_an_entrys_page_all_of_it() -> None:
    (fact,) = read(replace(_ENTRY, tag=Tag.SHEET_SIGNED, detail=canonical({"scan": "ab" * 32})), Names()).facts
    assert (fact.text, fact.brief) == ("ab" * 32, "abababababab…")


def test_one_key_can_mean_something_else_in_another_act() -> None:
    first, kind = key_of(Tag.CONFLICT_OPENED, "first"), key_of(Tag.CHANGE_SUBMITTED, "kind")
    assert first is not None
    assert first.label == "第一份申请"
    assert kind is not None
    assert kind.text("unlock") == ("解锁", True)
