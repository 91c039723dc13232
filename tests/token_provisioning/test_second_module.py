"""The same on other makers' modules: a software TPM, and the softoken that Firefox ESR brings along.

The softoken of Debian's libnss3 does not read NSS_LIB_PARAMS and so cannot be used as a PKCS#11 module.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.token_provisioning.tpm import soft_tpm
from token_provisioning.attributes import KeyAttributes
from token_provisioning.errors import KeyNotLocalError

_PROBE = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from token_provisioning.attributes import AUTH_LABEL, KeyAlgorithm
from token_provisioning.login import open_user
from token_provisioning.module import Module
from token_provisioning.pkcs11_device import Pkcs11Device
from token_provisioning import signatures

# Both slots of softoken have one serial number: the certificate store is the second.
token = Module(Path(sys.argv[1])).tokens()[1]
with token.open(rw=True, so_pin="") as session:
    session.init_pin("Quince-2026")
token = token.slot.get_token()
with open_user(token, "Quince-2026") as session:
    device = Pkcs11Device(session)
    made = device.generate(label=AUTH_LABEL, key_id=bytes(range(16)), algorithm=KeyAlgorithm(sys.argv[2]))
    signatures.verify(made.public_key, device.sign(made, b"message"), b"message")
    found = device.key_pairs(AUTH_LABEL)
    print(json.dumps({"same": found == [made], "attributes": asdict(device.key_attributes(made))}))
"""


def on_the_tpm(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    with soft_tpm(folder) as (module, environment):
        arguments = [word.replace("MODULE", str(module)) for word in command]
        surroundings = os.environ | environment
        return subprocess.run(
            [sys.executable, *arguments], env=surroundings, capture_output=True, text=True, check=False
        )


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-2048"])
def test_a_tpm_is_initialised_enrolled_renewed_and_unblocked(tmp_path: Path, algorithm: str) -> None:
    program = ("-m", "tests.token_provisioning.tpm_holder", "MODULE", algorithm, str(tmp_path))

    done = on_the_tpm(tmp_path, *program)

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert set(seen["attributes"].items()) == {
        *(("sensitive", True), ("always_sensitive", True), ("extractable", False)),
        *(("never_extractable", True), ("local", True)),
    }
    assert (seen["first_pin"], seen["first_pin_after"]) == (True, False)
    assert (seen["renewed"], seen["states"]) == (True, ["confirmed"] * 3)
    assert "PIN 错误，介质未告知剩余次数" in seen["wrong_pin"]
    assert seen["locked"] == seen["right_pin"] == "PIN 已锁定。请联系管理部门办理解锁。"


def test_a_tpm_has_no_serial_number_of_its_own_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "vendor").write_text("vendor-so-pin")
    init = ("init", "--module", "MODULE", "--label", "educa", "--vendor-so-pin-file", str(tmp_path / "vendor"))
    outs = ("--so-pin-out", str(tmp_path / "so"), "--pin-out", str(tmp_path / "first"))

    refused = on_the_tpm(tmp_path, "-m", "token_provisioning.cli", *init, *outs)

    assert refused.returncode == 1
    assert "不支持唯一的序列号" in refused.stderr
    assert not (tmp_path / "so").exists()


@pytest.fixture
def softoken(tmp_path: Path) -> tuple[str, dict[str, str]]:
    folders = [Path(extra)] if (extra := os.environ.get("EDUCA_TEST_SOFTOKEN_DIR")) else []
    folders.append(Path("/usr/lib/firefox-esr"))
    modules = [folder / "libsoftokn3.so" for folder in folders if (folder / "libsoftokn3.so").exists()]
    if not modules:
        pytest.skip("Firefox ESR, whose softoken is used here, is not installed")
    database = tmp_path / "nss"
    database.mkdir()
    found_there = {"LD_LIBRARY_PATH": str(modules[0].parent)}  # its SQLite lies beside it
    parameters = {"NSS_LIB_PARAMS": f"configDir=sql:{database}"}
    return str(modules[0]), os.environ | found_there | parameters


def test_listing_shows_the_softoken(softoken: tuple[str, dict[str, str]]) -> None:
    module, environment = softoken
    command = [sys.executable, "-m", "token_provisioning.cli", "list", "--module", module, "--json"]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "NSS Certificate DB" in {token["label"] for token in json.loads(done.stdout)["tokens"]}


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-2048"])
def test_keys_of_the_softoken_are_found_again_but_refused_for_not_being_called_local(
    softoken: tuple[str, dict[str, str]], algorithm: str
) -> None:
    module, environment = softoken
    command = [sys.executable, "-c", _PROBE, module, algorithm]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    probed = json.loads(done.stdout)
    assert probed["same"] is True
    attributes = KeyAttributes(**probed["attributes"])
    assert attributes == KeyAttributes(
        sensitive=True, always_sensitive=True, extractable=False, never_extractable=True, local=False
    )
    with pytest.raises(KeyNotLocalError, match=r"没有说明密钥是在介质内生成的\(LOCAL\)"):
        attributes.require_token_born()
