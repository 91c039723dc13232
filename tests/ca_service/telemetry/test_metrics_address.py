"""Metrics are served to nobody by default, and never on an address that strangers reach."""

from pathlib import Path

import pytest

from ca_service.config import Config, ConfigError, load


def _given(folder: Path, address: str) -> Config:
    path = folder / "config.toml"
    path.write_text(f'[service]\nmetrics = "{address}"\n', encoding="utf-8")
    return load(path)


def test_by_default_they_are_not_served() -> None:
    assert Config().service.metrics == ""


@pytest.mark.parametrize("address", ["127.0.0.1:9464", "[::1]:9464", "10.1.2.3:94", "192.168.0.4:1", "[fd00::1]:94"])
def test_one_loopback_or_private_address_is_taken(tmp_path: Path, address: str) -> None:
    assert _given(tmp_path, address).service.metrics == address


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:94", "[::]:94", "8.8.8.8:94", "[2001:4860::1]:94", "localhost:94", "127.0.0.1", "127.0.0.1:0", ":94"],
)
def test_any_other_refuses_to_start(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match=r"service\.metrics"):
        _given(tmp_path, address)
