"""Where the PINs of a freshly initialised token are kept: in files of one's own, or sealed for the CA."""

import contextlib
import os
from pathlib import Path

from token_provisioning.errors import FileNotUsableError, SecretFileExistsError


class FileKeeper:
    """Two files in plain, for the owner only, neither of which may exist: for a single token."""

    def __init__(self, *, so_pin_file: Path, pin_file: Path) -> None:
        self._so_pin_file, self._pin_file = so_pin_file, pin_file

    def keep_first_pin(self, pin: str) -> None:
        """Looks for the file of the SO PIN too: better refused now than when the token knows its PIN."""
        if self._so_pin_file.exists():
            raise SecretFileExistsError(path=str(self._so_pin_file))
        write_secret(self._pin_file, pin)

    def keep_so_pin(self, pin: str) -> None:
        """Raises SecretFileExistsError or FileNotUsableError, before the token gets the PIN."""
        write_secret(self._so_pin_file, pin)

    def forget(self) -> None:
        """A file that is gone already, or cannot be removed, is no failure of the token."""
        with contextlib.suppress(OSError):
            self._pin_file.unlink()


def write_secret(path: Path, secret: str) -> None:
    """Write one line into a new file of mode 0600; it is on the disk when this returns."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise SecretFileExistsError(path=str(path)) from error
    except OSError as error:
        raise FileNotUsableError(path=str(path), reason=error.strerror or "OSError") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
