"""A CA whose field key is this test's own: the founded one is shared by all tests of the process."""

import shutil
from pathlib import Path

import pytest

from ca_service.config import Config


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    """As everywhere, with a copy of the key file."""
    own = tmp_path / "field.key"
    shutil.copy(config.path(config.secrets.field_key), own)
    return config.model_copy(update={"secrets": config.secrets.model_copy(update={"field_key": own})})
