"""The command that opens the page."""

import json
import signal
import webbrowser
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from token_provisioning.cli.holder import this_computer
from token_provisioning.cli.options import ca_address, ca_options, json_option, module_option
from token_provisioning.helper.server import running, start_page


@click.command("helper", help="打开教育CA证书助手的网页界面(只在本机，只供本次运行)。")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="端口(默认任选空闲端口)")
@click.option("--no-browser", is_flag=True, help="不打开浏览器，只显示网址")
@ca_options
@module_option
@json_option
def helper(module: Path, *, server: str, ca_file: Path, port: int, no_browser: bool, as_json: bool) -> None:
    """Serve the page until it is closed, or Ctrl-C."""
    computer = this_computer()
    address = ca_address(server, ca_file)
    with (
        running(module, address, computer, version=program_version(), port=port) as page,
        start_page(page.url, computer.home) as start,
    ):
        shown = not no_browser and webbrowser.open(start)
        if as_json:
            click.echo(json.dumps({"url": page.url}))
        else:
            opened = "教育CA证书助手已在浏览器中打开。关闭页面或按 Ctrl-C 结束。"
            click.echo(opened if shown else page.url)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            while not page.ended.wait(0.5):
                pass


def program_version() -> str:
    """Return the version of the distribution, `0` in a program that was packaged without its metadata."""
    try:
        return version("education-ca")
    except PackageNotFoundError:
        return "0"


COMMANDS = (helper,)
