"""A CA right after its ceremony, in a temporary folder, on SQLite: what most benches begin with.

    from bench.founded import founded
    with founded() as config:
        wiring = Wiring(config)

The token module reads its environment once, so a process founds one CA; a bench that needs another starts a process.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ca_service import config as configuration
from ca_service import founding
from ca_service.config import Config
from ca_service.wiring import Wiring


@contextmanager
def founded(publication: str = "127.0.0.1:2") -> Iterator[Config]:
    """The configuration of a CA right after its ceremony, in a temporary folder that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="educa-filled-") as folder:
        path = Path(folder) / "config.toml"
        founding.write_configuration(path, founding.Addresses("127.0.0.1:1", publication, "127.0.0.1:3"))
        config = configuration.load(path)
        founding.write_secrets(config)
        wiring = Wiring(config)
        founding.exists(wiring)
        founding.hold(wiring)
        wiring.database.engine.dispose()
        yield config
