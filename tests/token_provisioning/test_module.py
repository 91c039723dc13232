"""A loaded module leaves nothing behind that TLS of the same process would stumble over."""

import subprocess
import sys
from pathlib import Path

from tests.token_provisioning.authority import make_authority
from tests.token_provisioning.soft_token import Desk

# At the end of DER, Python's ssl asks for the thread's last OpenSSL error; SoftHSM has loaded with NO_SUCH_ENGINE.
_LOADS_THEN_TRUSTS = """
import ssl, sys
from pathlib import Path
from token_provisioning.module import Module
Module(Path(sys.argv[1])).tokens()
ssl.create_default_context(cadata=Path(sys.argv[2]).read_bytes())
"""


def test_a_loaded_module_leaves_no_error_for_tls_to_find(desk: Desk, tmp_path: Path) -> None:
    root = tmp_path / "root.der"
    root.write_bytes(make_authority("教育CA根(测试)").der())
    with desk.inside():
        ran = subprocess.run(
            [sys.executable, "-c", _LOADS_THEN_TRUSTS, desk.module, root], capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stderr
