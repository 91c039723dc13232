"""SoftHSM keeps its tokens in files and writes one of them anew at each log-in.

SoftHSM 2.6 empties `token.object` before it fills it (Token::loginUser, ObjectFile::store): a log-in while the disk is
full leaves an empty file, and the token with the CA's key is gone until it is restored from a backup. So nobody logs in
while nothing can be written there. `educa drill` has found this.
"""

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from ca_service.domain.errors import Unavailable

TOKEN_FOLDER = re.compile(r"^(directories\.tokendir\s*=\s*)(.+)$", re.MULTILINE)
# More than all files of a token together.
_ROOM = bytes(64 * 1024)


def token_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """The folders that SoftHSM's configuration names, where the module's environment names one."""
    for value in environment.values():
        configuration = Path(value)
        if configuration.is_file():
            found = TOKEN_FOLDER.findall(configuration.read_text(encoding="utf-8"))
            yield from (Path(folder.strip()) for _, folder in found)


def require_room(environment: Mapping[str, str]) -> None:
    """Raise Unavailable where the tokens' disk takes no more; a folder that is away is for the log-in to report.

    What others write in the moment between this and the log-in is not seen.
    """
    for folder in token_folders(environment):
        # `.part` is left out of backups, and SoftHSM looks at folders only.
        probe = folder / f".room-{secrets.token_hex(8)}.part"
        try:
            with probe.open("xb") as out:
                out.write(_ROOM)
                out.flush()
                os.fsync(out.fileno())
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Unavailable(
                f"软件密钥设备所在的磁盘 {folder} 无法写入（{error.strerror}），未登录：SoftHSM 登录时重写介质文件，"
                "磁盘已满时会毁坏其中的密钥。请清理磁盘后重试。"
            ) from error
        finally:
            probe.unlink(missing_ok=True)
