"""`educa-token helper` as a program: it says where the page is, serves it, and goes without leaving a trace."""

import json
import signal
import subprocess
import sys
import threading
import urllib.request
from urllib.parse import urlsplit

from tests.token_provisioning.conftest import Scene
from token_provisioning.patience import SLOW_TEXT, patiently


def test_the_program_serves_its_page_until_it_is_ended(scene: Scene) -> None:
    command = [sys.executable, "-m", "token_provisioning.cli", "helper", *scene.desk.ca_arguments(scene.server)]
    with subprocess.Popen(
        [*command, "--no-browser", "--json"], env=scene.desk.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = urlsplit(json.loads(process.stdout.readline())["url"])
        start_pages = list((scene.desk.folder / "home").glob("start-*.html"))
        headers = {"Authorization": f"Bearer {url.fragment}"}
        with urllib.request.urlopen(
            urllib.request.Request(f"http://{url.netloc}/api/state", headers=headers), timeout=20
        ) as answer:
            state = json.load(answer)
        process.send_signal(signal.SIGTERM)
        process.wait(20)

    assert url.hostname == "127.0.0.1"
    assert state["tokens"][0]["serial"] == scene.serial
    assert (len(start_pages), list((scene.desk.folder / "home").glob("start-*.html"))) == (1, [])
    assert process.returncode == 0


def test_codes_are_not_sent_without_tls_from_the_page_either(scene: Scene) -> None:
    arguments = scene.desk.ca_arguments(scene.server.replace("https", "http"))

    assert scene.desk.run("helper", *arguments, "--no-browser").code == 2


def test_who_waits_long_is_told_to_leave_the_token_in() -> None:
    said: list[str] = []
    heard = threading.Event()

    def tell(text: str) -> None:
        said.append(text)
        heard.set()

    with patiently(tell, after=0.0):
        heard.wait(20)
    with patiently(tell, after=30.0):
        pass

    assert said == [SLOW_TEXT]
