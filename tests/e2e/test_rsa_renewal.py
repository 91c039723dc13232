"""RSA keys, by configuration: download, renewal over mutual TLS by the real CA, with and without PSS on the token."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ca_service.config import Config
from tests.e2e.apart import Apart, ca_apart
from tests.e2e.deeds import Renewals
from token_provisioning.pkcs11_device import Pkcs11Device

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def apart(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    rsa = founded.model_copy(update={"ca": founded.ca.model_copy(update={"administrator_key": "rsa-2048"})})
    with ca_apart(rsa, tmp_path_factory.mktemp("rsa")) as made:
        yield made


@pytest.mark.parametrize("pss", [True, False], ids=["TLS 1.3", "TLS 1.2, where the token has no PSS"])
def test_an_rsa_certificate_is_renewed(
    apart: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, pss: bool
) -> None:
    asked = []
    sign_digest = Pkcs11Device.sign_digest

    def watched(self: Pkcs11Device, pair: object, digest: bytes, *, pss: bool) -> bytes:
        asked.append(pss)
        return sign_digest(self, pair, digest, pss=pss)  # type: ignore[arg-type]

    monkeypatch.setattr(Pkcs11Device, "can_sign_pss", lambda _: pss)
    monkeypatch.setattr(Pkcs11Device, "sign_digest", watched)
    renewals = Renewals(apart, *apart.enrolled(tmp_path))
    renewals.prepare()

    with apart.serving() as server:
        renewed = renewals.act(server.address)

    assert asked == [pss]  # TLS 1.3 knows no other signature by an RSA key, TLS 1.2 here no other than the older one
    assert renewed.document["key"]["algorithm"] == "rsa-2048"
    renewals.judge("", renewed)
