"""Starts the packaged helper without Python, and downloads a certificate with it: `... packaged dist/educa-token`.

Run by `make helper` after the build. The program gets no PATH and no Python variables; the CA is the contract CA.
"""

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from tests.token_provisioning.contract_ca import CODE, REFERENCE
from tests.token_provisioning.contract_server import serving
from tests.token_provisioning.ready import ready
from tests.token_provisioning.soft_token import Desk, softhsm_module


def main(program: Path) -> None:
    """Raise if anything that it does differs from what the unpackaged one does."""
    with tempfile.TemporaryDirectory() as name:
        desk, serial, ca = ready(Path(name), softhsm_module())
        with serving(ca, desk.folder) as server:
            codes = desk.enrol_arguments(server, code=CODE, reference=REFERENCE, serial=serial)
            done = json.loads(_run(program, desk, "enroll", *codes))
            if (done["state"], ca.state, done["key"]["never_extractable"]) != ("confirmed", "confirmed", True):
                raise SystemExit(f"the download ended as {done}")
            _page(program, desk, server, done["certificate_serial"])
    print(f"{program}: {_size(program)} MB, downloaded a certificate and served its page without Python")


def _environment(desk: Desk) -> dict[str, str]:
    return {"HOME": str(desk.folder), "LANG": "C.UTF-8", **desk.changes}


def _run(program: Path, desk: Desk, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments], env=_environment(desk), capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise SystemExit(f"{arguments[0]}: {done.stderr}")
    return done.stdout


def _page(program: Path, desk: Desk, server: str, certificate: str) -> None:
    command = [str(program), "helper", *desk.ca_arguments(server), "--no-browser", "--json"]
    with subprocess.Popen(command, env=_environment(desk), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = urlsplit(json.loads(process.stdout.readline())["url"])
        try:
            html = _get(f"http://{url.netloc}/", url.fragment)
            state = json.loads(_get(f"http://{url.netloc}/api/state", url.fragment))
        finally:
            process.terminate()
        process.wait(20)
    if "教育CA证书助手" not in html or state["tokens"][0]["certificate"]["serial"] != certificate:
        raise SystemExit(f"the page shows {state}")


def _get(url: str, secret: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def _size(program: Path) -> int:
    return round(program.stat().st_size / 1_000_000)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
