"""What a module does to the process that loads it, and what is remembered of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pkcs11
import pytest
from pkcs11.exceptions import PinIncorrect, SessionHandleInvalid

from ca_service.config import Config
from ca_service.domain.errors import Unavailable
from ca_service.signing.token_sessions import TokenAddress, TokenSessions

# A process of its own: the module speaks up when it is first loaded, which here it has been long ago.
# Its TLS connection is silent, so that each read ends in "want read", unless an error lies in the thread's queue.
_CHILD = """
import socket, ssl, sys, threading
from pathlib import Path
from ca_service import config
from ca_service.wiring import Wiring

wiring = Wiring(config.load(Path(sys.argv[1])))
service = wiring.config.service
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(wiring.config.path(service.tls_certificate), wiring.config.path(service.tls_key))
client = ssl._create_unverified_context()
near, far = socket.socketpair()
there = []
threading.Thread(target=lambda: there.append(client.wrap_socket(near))).start()
here = server.wrap_socket(far, server_side=True)
here.setblocking(False)
wiring.issuing_sessions.retrying(str)
try:
    here.recv(1)
except ssl.SSLError as error:
    print(type(error).__name__)
"""


def test_opening_a_token_leaves_the_tls_of_the_same_thread_alone(founded: Config) -> None:
    path = founded.path(Path("config.toml"))
    done = subprocess.run([sys.executable, "-c", _CHILD, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["SSLWantReadError"], done.stderr


# A CA of its own, since its token is taken away and put back; the module of a test process knows one place of tokens.
_HIDE_AND_SEEK = """
import shutil, sys
from pathlib import Path
import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from ca_service import config
from ca_service.domain.errors import Unavailable
from ca_service.signing.pkcs11_key import Pkcs11Key, labels
from ca_service.wiring import Wiring

folder = Path(sys.argv[1])
wiring = Wiring(config.load(folder / "config.toml"))
sessions = wiring.issuing_sessions
keys = [Pkcs11Key(sessions, label) for label in sorted(labels(sessions))]

def attempt(key):
    try:
        signature = key.sign(b"message")
    except Unavailable:
        return "unavailable"
    load_der_public_key(key.public_key).verify(signature, b"message", ec.ECDSA(hashes.SHA256()))
    return "signed"

print(*{attempt(key) for key in keys})
(folder / "tokens").rename(folder / "away")
print(*{attempt(key) for key in keys})
(folder / "away").rename(folder / "tokens")
print(*{attempt(key) for key in keys})
library = pkcs11.lib(str(wiring.config.hsm.module))
library.reinitialize()
print("begun anew", *{attempt(key) for key in keys})
library.finalize()
print("ended", *{attempt(key) for key in keys})
shutil.copytree(folder / "tokens", folder / "copy")
shutil.rmtree(folder / "tokens")
print("wiped", *{attempt(key) for key in keys}, sessions.device().away)
(folder / "copy").rename(folder / "tokens")
print("put back", *{attempt(key) for key in keys}, sessions.device().away)
"""

# The second token is made after the first was used: the module begins its numbers anew, and the first key signed with
# before would be another one now.
_TWO_TOKENS = """
import dataclasses, os, subprocess, sys
from pathlib import Path
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from ca_service import config
from ca_service.signing.pkcs11_key import Pkcs11Key, generate, labels
from ca_service.signing.token_sessions import TokenSessions
from ca_service.wiring import Wiring

wiring = Wiring(config.load(Path(sys.argv[1]) / "config.toml"))
first = wiring.issuing_sessions
keys = [Pkcs11Key(first, label) for label in sorted(labels(first))]
address = dataclasses.replace(first.address, label="late", pin=lambda: "4711")
tool = ["softhsm2-util", "--init-token", "--free", "--label", "late", "--pin", "4711", "--so-pin", "4711"]
subprocess.run(tool, env={**os.environ, **address.environment}, check=True, stdout=subprocess.DEVNULL)
for key in keys:
    key.sign(b"message")
keys += [generate(TokenSessions(address), label=f"late-{n}", curve="p256") for n in range(3)]
for key in [*keys, *reversed(keys)]:
    load_der_public_key(key.public_key).verify(key.sign(b"message"), b"message", ec.ECDSA(hashes.SHA256()))
pid = os.fork()
if not pid:
    for key in keys:
        load_der_public_key(key.public_key).verify(key.sign(b"child"), b"child", ec.ECDSA(hashes.SHA256()))
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
for key in keys:
    load_der_public_key(key.public_key).verify(key.sign(b"parent"), b"parent", ec.ECDSA(hashes.SHA256()))
"""


@pytest.fixture
def own_tokens(founded: Config, tmp_path: Path) -> Path:
    """A copy of the CA with its tokens."""
    folder = tmp_path / "ca"
    shutil.copytree(founded.folder, folder)
    softhsm = folder / "softhsm2.conf"
    softhsm.write_text(softhsm.read_text().replace(str(founded.folder), str(folder)))
    return folder


def _child(program: str, folder: Path) -> str:
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_keys_of_a_token_or_module_that_was_away_sign_again_when_it_is_back(own_tokens: Path) -> None:
    assert _child(_HIDE_AND_SEEK, own_tokens).splitlines() == [
        "signed",
        "unavailable",
        "signed",
        "begun anew signed",
        "ended signed",
        "wiped unavailable True",
        "put back signed False",
    ]


def test_a_remembered_key_is_never_another_one_though_the_module_begins_its_numbers_anew(own_tokens: Path) -> None:
    assert _child(_TWO_TOKENS, own_tokens) == "7\n"


class CountingSession:
    """A session that counts how often a key is looked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_key(self, *, label: str, **_rest: object) -> str:
        self.asked.append(label)
        return f"key {label}"

    def close(self) -> None:
        """It holds nothing."""


def test_a_key_is_looked_for_once_in_a_session_and_again_in_the_next() -> None:
    sessions = TokenSessions(TokenAddress("module", "token", lambda: "pin", {}))
    opened: list[CountingSession] = []

    def open_one() -> CountingSession:
        opened.append(CountingSession())
        return opened[-1]

    sessions._open = open_one  # type: ignore[method-assign]
    assert [sessions.with_key(label, str) for label in "aba"] == ["key a", "key b", "key a"]
    assert [session.asked for session in opened] == [["a", "b"]]

    def dead(_key: object) -> object:
        if len(opened) == 1:
            raise SessionHandleInvalid
        return len(opened)

    assert sessions.with_key("a", dead) == 2
    assert opened[1].asked == ["a"]


# SoftHSM writes token.object anew at each log-in; RLIMIT_FSIZE refuses every write to a file, as a full disk does.
_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from ca_service import config
from ca_service.domain.errors import Unavailable
from ca_service.wiring import Wiring

sessions = Wiring(config.load(Path(sys.argv[1]) / "config.toml")).issuing_sessions
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    sessions.retrying(str)
except Unavailable as error:
    print("磁盘" in str(error))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sessions.retrying(str)
"""


def test_a_full_disk_does_not_cost_the_token(own_tokens: Path) -> None:
    assert _child(_ON_A_FULL_DISK, own_tokens).split() == ["True"]
    assert all(file.stat().st_size for file in (own_tokens / "tokens").glob("*/token.object"))
    assert list((own_tokens / "tokens").rglob(".room-*")) == []


class RefusingToken:
    """A token that counts how often a PIN is tried, and takes one of them."""

    def __init__(self, right: str) -> None:
        self.right = right
        self.tried: list[str] = []

    def get_token(self, **_where: object) -> "RefusingToken":
        return self

    def open(self, *, user_pin: str, **_how: object) -> CountingSession:
        self.tried.append(user_pin)
        if user_pin != self.right:
            raise PinIncorrect
        return CountingSession()


def test_a_pin_that_was_refused_is_not_tried_again_lest_the_token_locks_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token, pins = RefusingToken("right"), iter(["wrong", "wrong", "wrong", "right"])
    monkeypatch.setattr(pkcs11, "lib", lambda _module: token)
    sessions = TokenSessions(TokenAddress("module", "token", lambda: next(pins), {}))
    for _ in range(3):
        with pytest.raises(Unavailable, match="不再尝试"):
            sessions.retrying(str)
    assert token.tried == ["wrong"]
    assert sessions.device().why == "PinIncorrect"
    sessions.retrying(str)
    assert token.tried == ["wrong", "right"]
