"""Each problem has its own sentence, one line, exit code 1; nothing is a traceback."""

import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.token_provisioning.authority import make_authority
from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.soft_token import PIN, Desk, Result


def require_sentence(result: Result, sentence: str) -> None:
    assert result.code == 1, result.err
    assert sentence in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""


@pytest.mark.parametrize("content", [None, b"", b"\x7fELF not a library"])
def test_a_file_that_is_no_module_is_named(desk: Desk, content: bytes | None) -> None:
    path = desk.folder / "no-module.so"
    if content is not None:
        path.write_bytes(content)

    require_sentence(desk.run("list", "--module", str(path)), "无法加载介质驱动")


def test_a_library_without_pkcs11_is_no_module(desk: Desk) -> None:
    libraries = sorted(Path("/usr/lib").glob("*/libz.so.1"))
    if not libraries:
        pytest.skip("no ordinary library to try")

    require_sentence(desk.run("list", "--module", str(libraries[0])), "无法加载介质驱动")


def test_no_token(desk: Desk) -> None:
    require_sentence(desk.token("show", "--pin-file", desk.file("pin", PIN)), "未检测到介质")


def test_two_tokens_need_a_serial_number(scene: Scene) -> None:
    other = scene.desk.vendor_token()

    refused = scene.enrol()

    require_sentence(refused, "检测到多个介质")
    assert other in refused.err
    assert scene.serial in refused.err


def test_a_serial_number_that_is_not_there(scene: Scene) -> None:
    refused = scene.desk.run("enroll", *scene.arguments(), "--serial", "ffffffffffffffff")

    require_sentence(refused, "未找到序列号为 ffffffffffffffff 的介质")


def test_a_token_that_the_centre_has_not_initialised(scene: Scene) -> None:
    foreign = scene.desk.vendor_token()
    arguments = [*scene.arguments(), "--serial", foreign]
    arguments[arguments.index("--pin-file") + 1] = scene.desk.file("vendor-pin", "000000")

    require_sentence(scene.desk.run("enroll", *arguments), "尚未由信息中心初始化")
    assert scene.ca.calls == []


def test_a_wrong_pin_says_no_more_about_tries_than_the_token(scene: Scene) -> None:
    refused = scene.desk.token("show", "--pin-file", scene.desk.file("pin", "wrong-one"))

    require_sentence(refused, "PIN 错误，介质提示曾输错 PIN")  # SoftHSM sets CKF_USER_PIN_COUNT_LOW and nothing more


def test_a_wrong_code_is_refused_in_the_words_of_the_ca(scene: Scene) -> None:
    refused = scene.enrol(code="WRONG")

    require_sentence(refused, "参考号或授权码错误。(授权码剩余尝试次数:4)")
    assert scene.listing("privkey").count("educa-auth") == 0


def test_another_persons_token_is_refused_by_the_ca(scene: Scene) -> None:
    scene.ca.token_serial = "0000000000000001"

    require_sentence(scene.enrol(), "这不是派发给您的介质")


def test_a_token_with_another_binding_key_is_refused_by_the_ca(scene: Scene) -> None:
    scene.ca.binding_public_key = base64.b64decode(
        scene.desk.initialise(scene.desk.vendor_token()).document["binding_public_key"]
    )

    require_sentence(scene.desk.run("enroll", *scene.arguments(), "--serial", scene.serial), "不是派发的介质")


def test_an_unreachable_ca(scene: Scene) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        arguments = scene.arguments()
        arguments[arguments.index("--server") + 1] = f"https://127.0.0.1:{unused.getsockname()[1]}"

        require_sentence(scene.desk.run("enroll", *arguments), "无法连接 CA 服务器")


def test_a_server_under_another_root_gets_no_code(scene: Scene) -> None:
    (scene.desk.folder / "root.pem").write_bytes(make_authority("另一个根").pem())

    require_sentence(scene.enrol(), "服务器身份验证未通过")
    assert scene.ca.calls == []


def test_a_server_with_another_name_gets_no_code(scene: Scene) -> None:
    arguments = scene.arguments()
    arguments[arguments.index("--server") + 1] = scene.server.replace("127.0.0.1", "localhost")

    require_sentence(scene.desk.run("enroll", *arguments), "服务器身份验证未通过")
    assert scene.ca.calls == []


def test_codes_are_not_sent_without_tls(scene: Scene) -> None:
    arguments = scene.arguments()
    arguments[arguments.index("--server") + 1] = scene.server.replace("https", "http")

    assert scene.desk.run("enroll", *arguments).code == 2
    assert scene.ca.calls == []


@pytest.mark.parametrize("address", ["https://", "https://[::1", "https://exa mple:8443"])
def test_an_address_that_is_none(scene: Scene, address: str) -> None:
    arguments = scene.arguments()
    arguments[arguments.index("--server") + 1] = address

    require_sentence(scene.desk.run("enroll", *arguments), "无法连接 CA 服务器")


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        (200, b"<html>", "CA 的应答无法识别"),
        (200, b"[" * 100_000, "CA 的应答无法识别"),
        (200, b"[]", "CA 的应答无法识别"),
        (200, b"{}", "CA 的应答无法识别"),
        (200, b" " * 300_000, "应答过长"),
        (502, b"<html>Bad gateway</html>", "HTTP 502"),
        (302, b"", "HTTP 302"),
        (403, json.dumps({"kind": "x", "detail": "第一行\n\x1b[31m第二行"}).encode(), "第一行 [31m第二行"),
    ],
)
def test_an_answer_that_breaks_the_contract(scene: Scene, status: int, content: bytes, sentence: str) -> None:
    scene.ca.answer_with["begin"] = (status, content)

    refused = scene.enrol()

    require_sentence(refused, sentence)
    assert "\x1b" not in refused.err


@pytest.mark.parametrize("field", ["session", "state", "nonce", "holder", "unit", "key_algorithm"])
@pytest.mark.parametrize("value", [None, 7, "", "!", ["x"]])
def test_a_damaged_beginning_is_refused_or_harmless(field: str, value: object, scene: Scene) -> None:
    good = scene.ca.begin(
        {
            "token_serial": scene.serial,
            "reference_number": scene.ca.reference,
            "authorisation_code": "8M2K-77QX-P3TD",
        }
    )
    scene.ca.answer_with["begin"] = (200, json.dumps(good | {field: value}).encode())
    if value == "!" and field in {"session", "holder", "unit"}:
        assert scene.enrol().code == 0
    else:
        require_sentence(scene.enrol(), f"CA 的应答无法识别({field})")


def test_a_certificate_for_another_key_is_not_written(scene: Scene) -> None:
    other = base64.b64encode(make_authority("别人").der()).decode()
    scene.ca.tamper = lambda answer: answer | {"certificate": other}

    require_sentence(scene.enrol(), "公钥与介质中的密钥不符")
    assert scene.listing("cert").count("educa") == 0


@pytest.mark.parametrize(
    "damage",
    [
        {"certificate": base64.b64encode(b"\x30\x82\xff\xff").decode()},
        {"certificate": "###"},
        {"chain": ["AAAA"]},
        {"chain": "AAAA"},
        {"chain": []},
        {"challenge": "AAAA"},
    ],
)
def test_a_damaged_certificate_answer_leaves_the_token_as_it_was(scene: Scene, damage: dict[str, Any]) -> None:
    scene.ca.tamper = lambda answer: answer | damage

    refused = scene.enrol()

    assert refused.code == 1
    assert "Traceback" not in refused.err
    assert scene.listing("cert").count("educa") == 0
    assert "confirm" not in scene.ca.calls


def test_no_certificate_yet(scene: Scene) -> None:
    first = str(scene.desk.folder / f"{scene.serial}.pin")

    require_sentence(scene.desk.token("test", "--pin-file", first), "介质中没有教育CA证书")


def test_without_a_terminal_a_missing_pin_is_a_usage_error(scene: Scene) -> None:
    refused = scene.desk.token("show")

    assert refused.code == 2
    assert "--…-file" in refused.err


def test_the_pin_may_come_from_the_environment(scene: Scene) -> None:
    assert scene.enrol().code == 0

    assert scene.desk.token("test", "--json", EDUCA_TOKEN_PIN=PIN).document["ok"] is True


@pytest.mark.parametrize("content", ["", "two\nlines", "x" * 300])
def test_a_pin_file_that_holds_no_pin_is_not_tried(scene: Scene, content: str) -> None:
    path = scene.desk.file("pin", content)

    require_sentence(scene.desk.token("show", "--pin-file", path), "内容应为一行")
    assert scene.desk.token("list", "--json").document["tokens"][0]["pin"]["count_low"] is False
