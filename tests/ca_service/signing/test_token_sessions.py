"""What a module does to the process that loads it."""

import subprocess
import sys
from pathlib import Path

from ca_service.config import Config

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
