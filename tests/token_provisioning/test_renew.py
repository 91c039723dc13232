"""Renewal with the key on the token: what TLS shows the CA, what stays until the end, what a death leaves."""

import signal
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.token_provisioning.authority import make_authority
from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_ca import number
from tests.token_provisioning.contract_server import tls_context
from tests.token_provisioning.soft_token import PIN, Result
from token_provisioning.acts import CaAddress, Computer, renew
from token_provisioning.errors import NotRenewableError
from token_provisioning.first_pin import HolderPins
from token_provisioning.module import Module
from token_provisioning.pkcs11_device import Pkcs11Device

_ACTS = ["begin", "generate", "certificate", "store_certificate", "confirm", "remove_pair", "remove_certificate"]


@pytest.fixture
def enrolled(scene: Scene) -> Scene:
    assert scene.enrol().code == 0
    return scene


def renew_struck(scene: Scene, fate: str) -> Result:
    arguments = (*scene.desk.ca_arguments(scene.server), "--pin-file", scene.pin_file())
    program = "tests.token_provisioning.killed_helper"
    return scene.desk.process(fate, "renew", *arguments, program=program)


def require_renewed(scene: Scene) -> None:
    assert scene.ca.renewals.state == "confirmed"
    assert len(scene.ca.renewals.issued) == 1
    assert scene.ca.renewals.superseded == {number(scene.ca.issued[0])}
    for kind in ("privkey", "pubkey", "cert"):
        assert scene.listing(kind).count("educa-auth") == 1, kind
    assert scene.show()["certificate_serial"] == number(scene.ca.renewals.issued[0])


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-2048"])
def test_the_new_certificate_takes_the_place_of_the_old_one(scene: Scene, algorithm: str) -> None:
    scene.ca.key_algorithm = algorithm
    first = scene.enrol().document

    renewed = scene.own("renew").document

    assert scene.ca.renewals.old == scene.ca.issued[0]  # TLS has shown the old certificate
    assert (renewed["state"], renewed["superseded"]) == ("confirmed", first["certificate_serial"])
    assert renewed["key"]["id"] != first["key"]["id"]
    assert renewed["key"]["never_extractable"] is True
    require_renewed(scene)


def test_an_rsa_key_on_a_token_without_pss_renews_over_tls_1_2(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.ca.key_algorithm = "rsa-2048"
    assert scene.enrol().code == 0
    asked = []
    sign_digest = Pkcs11Device.sign_digest

    def watched(self: Pkcs11Device, pair: object, digest: bytes, *, pss: bool) -> bytes:
        asked.append(pss)
        return sign_digest(self, pair, digest, pss=pss)  # type: ignore[arg-type]

    monkeypatch.setattr(Pkcs11Device, "can_sign_pss", lambda _: False)
    monkeypatch.setattr(Pkcs11Device, "sign_digest", watched)

    assert scene.own("renew").code == 0
    assert asked == [False]


def test_before_the_window_the_ca_says_when_and_nothing_changes(enrolled: Scene) -> None:
    enrolled.ca.renewals.due = False

    refused = enrolled.own("renew")

    assert (refused.code, refused.err) == (1, "CA 拒绝:2029-10-25 起可以更新。\n")
    assert enrolled.listing("privkey").count("educa-auth") == 1


def test_without_a_certificate_there_is_nothing_to_renew(scene: Scene) -> None:
    first = scene.desk.folder / f"{scene.serial}.pin"

    refused = scene.desk.run("renew", *scene.desk.ca_arguments(scene.server), "--pin-file", str(first))

    assert (refused.code, "介质中没有教育CA证书" in refused.err) == (1, True)


def test_an_expired_certificate_cannot_ask(enrolled: Scene) -> None:
    desk = enrolled.desk
    late = Computer(
        home=desk.folder,
        clock=lambda: datetime.now(UTC) + timedelta(days=1100),
        monotonic=lambda: 0.0,
        random_bytes=bytes,
    )
    ca = CaAddress(server=enrolled.server, ca_file=desk.folder / "root.pem")

    with desk.inside():
        token = Module(enrolled.module_path).choose(None)
        with pytest.raises(NotRenewableError, match="过期"):
            renew(token, ca, late, pin=HolderPins(current=PIN), report=lambda _: None)
    assert "renewals/begin" not in enrolled.ca.calls


@pytest.mark.parametrize("act", _ACTS)
def test_killed_after_an_act_the_repeat_ends_the_same(enrolled: Scene, act: str) -> None:
    killed = renew_struck(enrolled, f"kill@{act}:1")
    assert killed.code == -signal.SIGKILL, killed.err
    old_is_good = not enrolled.ca.renewals.superseded
    assert old_is_good == (act not in ("confirm", "remove_pair", "remove_certificate"))
    kept = enrolled.listing("cert").count("educa-auth"), enrolled.listing("privkey").count("educa-auth")
    assert not old_is_good or min(kept) >= 1

    again = enrolled.own("renew")

    assert again.code == 0, again.err
    require_renewed(enrolled)


def test_an_older_certificate_that_is_frozen_stands_in_nobodys_way(enrolled: Scene) -> None:
    earlier = enrolled.ca.issued.pop()
    enrolled.ca.state, enrolled.ca.life_days = "open", 2000
    enrolled.ca.renewals.not_live.add(number(earlier))
    assert enrolled.enrol().code == 0

    renewed = enrolled.own("renew").document

    assert renewed["superseded"] == number(enrolled.ca.issued[0])
    assert enrolled.listing("privkey").count("educa-auth") == 2  # a frozen one may come back


def test_a_frozen_certificate_is_refused_in_the_words_of_the_ca(enrolled: Scene) -> None:
    enrolled.ca.renewals.not_live.add(number(enrolled.ca.issued[0]))

    refused = enrolled.own("renew")

    assert (refused.code, "该证书已冻结或吊销" in refused.err) == (1, True)


def test_a_false_server_does_not_get_to_see_the_certificate(enrolled: Scene) -> None:
    context = tls_context(enrolled.ca, enrolled.desk.folder / "false", issuer=make_authority("另一个根"))
    seen: list[bytes | None] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        false = threading.Thread(target=answer_once, args=(listener, context, seen))
        false.start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        refused = enrolled.own("renew", "--server", address)
        false.join()

    assert (refused.code, "服务器身份验证未通过" in refused.err) == (1, True), refused.err
    assert seen == [None]


def answer_once(listener: socket.socket, context: ssl.SSLContext, seen: list[bytes | None]) -> None:
    plain, _ = listener.accept()
    secure = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    try:
        secure.do_handshake()
        secure.recv(1)
        seen.append(secure.getpeercert(binary_form=True))
    except OSError:
        seen.append(None)
    finally:
        secure.close()


@pytest.mark.parametrize("step", ["begin", "certificate", "confirm"])
def test_an_answer_lost_on_the_way_is_asked_for_again(enrolled: Scene, step: str) -> None:
    enrolled.ca.drop_after = f"renewals/{step}"
    broken = enrolled.own("renew")
    assert (broken.code, "无法连接 CA 服务器" in broken.err) == (1, True)
    enrolled.ca.drop_after = None

    assert enrolled.own("renew").code == 0
    require_renewed(enrolled)


@pytest.mark.parametrize("address", ["https://127.0.0.1:1", "https://[::1", "http://127.0.0.1:1", "https://"])
def test_an_address_where_nobody_is_or_none_at_all(enrolled: Scene, address: str) -> None:
    refused = enrolled.own("renew", "--server", address)

    assert refused.code in (1, 2)
    assert "renewals/begin" not in enrolled.ca.calls
