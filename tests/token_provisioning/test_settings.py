"""The settings file that saves a holder from typing addresses, and what it may not contain."""

from pathlib import Path

import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.soft_token import Desk
from token_provisioning import settings
from token_provisioning.errors import FileNotUsableError


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    assert settings.find({"EDUCA_TOKEN_HOME": str(tmp_path)}) is None
    assert settings.load(None) == settings.Settings()


def test_it_is_found_in_the_users_folder_and_the_environment_goes_first(tmp_path: Path) -> None:
    (tmp_path / settings.FILE_NAME).touch()

    assert settings.find({"EDUCA_TOKEN_HOME": str(tmp_path)}) == tmp_path / settings.FILE_NAME
    assert settings.find({"EDUCA_TOKEN_HOME": str(tmp_path), "EDUCA_TOKEN_CONFIG": "/x/y.toml"}) == Path("/x/y.toml")


def test_the_first_driver_that_is_there_is_taken(tmp_path: Path) -> None:
    (tmp_path / "second.so").touch()
    path = tmp_path / "s.toml"
    path.write_text('server = "https://ca.example"\nca_file = "root.pem"\nmodules = ["first.so", "second.so"]')

    loaded = settings.load(path)

    assert (loaded.server, loaded.ca_file) == ("https://ca.example", tmp_path / "root.pem")
    assert loaded.module == tmp_path / "second.so"


def test_if_no_driver_is_there_the_last_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('modules = ["first.so", "second.so"]')

    assert settings.load(path).module == tmp_path / "second.so"


@pytest.mark.parametrize(
    "text",
    ["server = ", "password = 'x'", "server = 7", "modules = 'x.so'", "modules = [7]", "ca_file = []", "\x00"],
)
def test_what_is_not_understood_is_named(desk: Desk, text: str) -> None:
    path = desk.folder / "s.toml"
    path.write_text(text)

    with pytest.raises(FileNotUsableError):
        settings.load(path)
    refused = desk.run("list", "--module", desk.module, EDUCA_TOKEN_CONFIG=str(path))
    assert (refused.code, "s.toml" in refused.err) == (1, True)


def test_what_it_says_need_not_be_typed_and_options_go_before_it(scene: Scene) -> None:
    path = scene.desk.folder / "s.toml"
    path.write_text(f'server = "{scene.server}"\nca_file = "root.pem"\nmodules = ["{scene.desk.module}"]')
    short = scene.arguments()[len(scene.desk.ca_arguments("")) :]

    done = scene.desk.run("enroll", *short, EDUCA_TOKEN_CONFIG=str(path))
    elsewhere = scene.desk.run("enroll", *short, "--server", "https://127.0.0.1:1", EDUCA_TOKEN_CONFIG=str(path))

    assert done.code == 0, done.err
    assert "无法连接" in elsewhere.err
