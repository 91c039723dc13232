"""What the page is told of the tokens: each problem has its own sentence, and the last word is the token's."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pkcs11
import pytest

from tests.token_provisioning.stand_in import StandInModule, StandInToken
from token_provisioning.acts import Computer
from token_provisioning.errors import ModuleNotUsableError, TokenFullError, TokenRemovedError
from token_provisioning.helper.desk import Desk, Tokens
from token_provisioning.helper.snapshot import Kind
from token_provisioning.helper.support_log import SupportLog
from token_provisioning.login import open_user
from token_provisioning.patience import SLOW_TEXT

Flag = pkcs11.TokenFlag


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[[Callable[[], Tokens]], Desk]:
    def made(load: Callable[[], Tokens]) -> Desk:
        computer = Computer(home=tmp_path, clock=lambda: datetime.now(UTC), monotonic=clock, random_bytes=bytes)
        return Desk(load, computer, SupportLog(tmp_path / "log", clock=computer.clock))

    return made


Make = Callable[[Callable[[], Tokens]], Desk]


def log_in(token: Any, _: object) -> dict[str, Any]:
    open_user(token, "some-pin")
    return {}


def failing(error: Exception) -> Callable[[Any, object], dict[str, Any]]:
    def act(*_: object) -> dict[str, Any]:
        raise error

    return act


@pytest.mark.parametrize(
    ("module", "kind", "words"),
    [
        (StandInModule(), "no-token", "未检测到介质"),
        (StandInModule(empty_reader="ACS ACR38"), "empty-reader", "读卡器(ACS ACR38)中没有介质"),
        (StandInModule(StandInToken(serial="01"), StandInToken(serial="02")), "several-tokens", "只保留派发给您本人的"),
    ],
)
def test_what_is_plugged_in_is_said(make: Make, module: StandInModule, kind: str, words: str) -> None:
    views, problem = make(lambda: module).look()

    assert problem is not None
    assert (problem.kind, words in problem.message) == (kind, True)
    assert "--" not in problem.message
    assert len(views) == len(module.tokens)


def test_one_token_of_ours_is_no_problem(make: Make) -> None:
    (view,), problem = make(lambda: StandInModule(StandInToken())).look()

    assert problem is None
    assert (view.kind, view.serial, view.certificate) == (Kind.READY, "0102", None)


def test_a_token_without_our_binding_key_is_foreign(make: Make) -> None:
    (view,), _ = make(lambda: StandInModule(StandInToken(ours=False))).look()

    assert view.kind is Kind.FOREIGN


@pytest.mark.parametrize(
    ("flag", "tries"),
    [
        (0, "untold"),
        (Flag.USER_PIN_COUNT_LOW, "low"),
        (Flag.USER_PIN_COUNT_LOW | Flag.USER_PIN_FINAL_TRY, "final"),
        (Flag.USER_PIN_LOCKED, "locked"),
    ],
)
def test_the_tries_left_are_always_shown_as_the_token_tells_them(make: Make, flag: int, tries: str) -> None:
    (view,), _ = make(lambda: StandInModule(StandInToken(flag))).look()

    assert view.tries == tries


def test_a_driver_that_is_missing_is_asked_for_again(make: Make) -> None:
    answers: list[Any] = [ModuleNotUsableError(path="x.so", reason="文件不存在"), StandInModule(StandInToken())]

    def load() -> Tokens:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    desk = make(load)
    _, problem = desk.look()
    assert problem is not None
    assert "安装随介质提供的驱动" in problem.message
    assert desk.look()[1] is None


@pytest.mark.parametrize(
    ("token", "act", "kind", "words"),
    [
        (StandInToken(Flag.USER_PIN_LOCKED), log_in, "pin-locked", "已锁定"),
        (StandInToken(Flag.USER_PIN_FINAL_TRY), log_in, "last-try-held", "使用最后一次机会"),
        (StandInToken(refusal=pkcs11.PinIncorrect()), log_in, "pin-wrong", "PIN 错误"),
        (StandInToken(refusal=pkcs11.DeviceMemory()), log_in, "token-full", "空间不足"),
        (StandInToken(refusal=pkcs11.DeviceRemoved()), log_in, "token-removed", "被拔出"),
        (StandInToken(refusal=pkcs11.DeviceError()), log_in, "token-failed", "DeviceError"),
        (StandInToken(), failing(TokenRemovedError()), "token-removed", "从中断的地方继续"),
        (StandInToken(), failing(TokenFullError()), "token-full", "更换或清理"),
        (StandInToken(), failing(RuntimeError("secret 123456")), "token-failed", "RuntimeError"),
    ],
)
def test_every_way_to_fail_has_its_sentence(make: Make, token: StandInToken, act: Any, kind: str, words: str) -> None:
    module = StandInModule(token)
    desk = make(lambda: module)

    desk.start("test", "0102", [], act)
    desk.wait()

    assert desk.job is not None
    assert desk.job.problem is not None
    assert (desk.job.state, desk.job.problem.kind) == ("failed", kind)
    assert words in desk.job.problem.message
    assert "123456" not in desk.job.problem.message
    assert "--" not in desk.job.problem.message
    assert module.forgotten == 1  # nobody stays logged in


def test_a_token_pulled_out_before_the_job_begins_is_missed(make: Make) -> None:
    module = StandInModule(StandInToken())
    module.before_choice = module.tokens.clear
    desk = make(lambda: module)

    desk.start("test", "0102", [], log_in)
    desk.wait()

    assert desk.job is not None
    assert desk.job.problem is not None
    assert desk.job.problem.kind == "no-token"


def test_a_slow_token_is_said_to_be_slow_and_the_page_goes_on_answering(make: Make, clock: Clock) -> None:
    module = StandInModule(StandInToken())
    desk, go_on, begun = make(lambda: module), threading.Event(), threading.Event()
    desk.look()

    def slow(_: object, report: Callable[[Any], None]) -> dict[str, Any]:
        begun.set()
        go_on.wait(10)
        return {}

    job = desk.start("test", "0102", [], slow)
    assert job is not None
    begun.wait(10)
    early = job.document(clock())["slow"]
    clock.seconds = 7.0
    late = job.document(clock())["slow"]
    views, _ = desk.look()
    second = desk.start("test", "0102", [], log_in)
    go_on.set()
    desk.wait()

    assert (early, late) == ("", SLOW_TEXT)
    assert len(views) == 1  # as seen last: the module is busy
    assert second is None
    assert job.document(clock())["slow"] == ""


def test_flags_are_read_every_time_and_certificates_every_few_seconds(make: Make, clock: Clock) -> None:
    token = StandInToken()
    desk = make(lambda: StandInModule(token))
    assert desk.look()[0][0].tries == "untold"

    token.ours = False
    assert desk.look()[0][0].kind is Kind.READY
    token.flags = Flag(token.flags | Flag.USER_PIN_COUNT_LOW)
    assert desk.look()[0][0].tries == "low"
    assert desk.look()[0][0].kind is Kind.FOREIGN
    token.ours = True
    clock.seconds = 4.0
    assert desk.look()[0][0].kind is Kind.READY
