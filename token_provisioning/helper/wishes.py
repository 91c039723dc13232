"""What the page may ask for: each wish is checked word by word and becomes an act on a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pkcs11 import Token

from token_provisioning import acts
from token_provisioning.acts import CaAddress, Computer
from token_provisioning.enrolment import Codes
from token_provisioning.errors import PinRuleBrokenError
from token_provisioning.first_pin import HolderPins
from token_provisioning.helper.desk import Act
from token_provisioning.issuance import Step
from token_provisioning.module import Module
from token_provisioning.pins import check_new_pin
from token_provisioning.unblocking import UnblockStep, Wish

_MAX_TEXT = 200
STEP_TEXTS: Mapping[StrEnum, str] = {
    Step.BEGUN: "核对身份和介质",
    Step.KEY_READY: "在介质内准备密钥",
    Step.ISSUED: "获取证书",
    Step.CHECKED: "检查证书",
    Step.WRITTEN: "写入介质",
    Step.CONFIRMED: "签名确认并启用",
    UnblockStep.BEGUN: "核对解锁码和介质",
    UnblockStep.RELEASED: "信息中心放行",
    UnblockStep.PIN_SET: "设置新 PIN",
    UnblockStep.CONFIRMED: "签名确认",
}


class MalformedError(Exception):
    """The page asked for something that our page does not ask for."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What acts need besides a token; `module` is asked for late, since it may not be loaded yet."""

    ca: CaAddress
    computer: Computer
    module: Callable[[], Module]


def read(wish: Mapping[str, Any], *names: str, optional: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the texts of a wish; raises `MalformedError` for a missing, unknown, long or other value."""
    if not set(names) <= set(wish) or not set(wish) <= {*names, *optional}:
        raise MalformedError
    texts = {name: wish.get(name, "") for name in (*names, *optional)}
    if not all(isinstance(text, str) and len(text) <= _MAX_TEXT for text in texts.values()):
        raise MalformedError
    # A PIN is taken as it was typed; blanks around a code that was copied are not part of it.
    return {name: text if name in ("pin", "new_pin") else text.strip() for name, text in texts.items()}


def steps_of(act: str) -> list[str]:
    """Return what the page shows of the steps of an act, in their order."""
    kinds: Mapping[str, type[StrEnum]] = {"enrol": Step, "renew": Step, "unblock": UnblockStep}
    return [STEP_TEXTS[step] for step in kinds[act]] if act in kinds else []


def enrol(wish: Mapping[str, Any], around: Surroundings) -> Act:
    """Download a certificate; `new_pin` is for a token that has its first PIN."""
    given = read(wish, "serial", "reference", "code", "pin", optional=("new_pin", "last_try"))
    pins = HolderPins(
        current=given["pin"],
        new=(lambda: given["new_pin"]) if given["new_pin"] else None,
        prepared=bool(given["new_pin"]),
        last_try=bool(given["last_try"]),
        known=(given["reference"], given["code"]),
    )
    codes = Codes(reference=given["reference"], authorisation_code=given["code"])

    def do(token: Token, report: Callable[[StrEnum], None]) -> dict[str, Any]:
        enrolled, _ = acts.enrol(token, around.ca, around.computer, pins=pins, codes=codes, report=report)
        return {"holder": enrolled.begun.holder, "unit": enrolled.begun.unit}

    return do


def renew(wish: Mapping[str, Any], around: Surroundings) -> Act:
    """Takes `serial`, `pin` and perhaps `last_try`; answers the serial number that is superseded."""
    pin = _pin(read(wish, "serial", "pin", optional=("last_try",)))

    def do(token: Token, report: Callable[[StrEnum], None]) -> dict[str, Any]:
        renewed = acts.renew(token, around.ca, around.computer, pin=pin, report=report)
        return {"superseded": renewed.superseded}

    return do


def test(wish: Mapping[str, Any], around: Surroundings) -> Act:
    """Make a signature and verify it."""
    pin = _pin(read(wish, "serial", "pin", optional=("last_try",)))

    def do(token: Token, _: Callable[[StrEnum], None]) -> dict[str, Any]:
        holding = acts.test(token, around.computer, pin=pin)
        safe = holding.attributes.never_extractable and holding.attributes.local
        return {"algorithm": holding.pair.algorithm.value, "safe": bool(safe)}

    return do


def change_pin(wish: Mapping[str, Any], _: Surroundings) -> Act:
    """Takes `serial`, `pin`, `new_pin` and perhaps `last_try`; answers nothing."""
    given = read(wish, "serial", "pin", "new_pin", optional=("last_try",))

    def do(token: Token, _: Callable[[StrEnum], None]) -> dict[str, Any]:
        acts.change_pin(token, pin=_pin(given), new=given["new_pin"])
        return {}

    return do


def unblock(wish: Mapping[str, Any], around: Surroundings) -> Act:
    """Unblock by a release code, with a new PIN."""
    given = read(wish, "serial", "release_code", "new_pin")
    wanted = Wish(release_code=given["release_code"], new_pin=given["new_pin"])

    def do(token: Token, report: Callable[[StrEnum], None]) -> dict[str, Any]:
        acts.unblock(around.module(), token, around.ca, around.computer, wish=wanted, report=report)
        return {}

    return do


def pin_objection(wish: Mapping[str, Any]) -> str:
    """Return the rule that a new PIN breaks, empty if none: said while it is typed, before anything begins."""
    given = read(wish, "new_pin", optional=("pin", "serial", "reference", "code", "release_code"))
    known = tuple(given[name] for name in ("serial", "reference", "code", "release_code"))
    try:
        check_new_pin(given["new_pin"], old=given["pin"] or None, known=known)
    except PinRuleBrokenError as error:
        return str(error.facts["rule"])
    return ""


def _pin(given: Mapping[str, str]) -> HolderPins:
    return HolderPins(current=given["pin"], last_try=bool(given["last_try"]))


ACTS: Mapping[str, Callable[[Mapping[str, Any], Surroundings], Act]] = {
    "enrol": enrol,
    "renew": renew,
    "test": test,
    "change-pin": change_pin,
    "unblock": unblock,
}
