"""The default courier: one JSON file a message, in place of a gateway that is not configured."""

import json
import os
from pathlib import Path

from ca_service.domain.errors import Unavailable
from ca_service.domain.messages import Message
from ca_service.workflows.ports import Postponed


class FileSink:
    """Writes each message to a folder that only the service's user may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def forget(self, message_id: str) -> None:
        """Take the file of a message away, if no gateway has fetched it; raise Unavailable."""
        path = self._folder / f"{message_id}.json"
        try:
            for file in (path, path.with_suffix(".part")):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"无法删除消息文件 {path}（{error.strerror}），请检查 outbox 目录的权限。") from error

    def send(self, message: Message) -> None:
        """See the port; a repeat writes the same file again."""
        content = {"channel": message.channel.value, "to": message.letter.to, "text": message.letter.text}
        path = self._folder / f"{message.id}.json"
        temporary = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(
                os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as out:
                json.dump(content, out, ensure_ascii=False)
            temporary.replace(path)
        except OSError as error:
            raise Postponed(f"outbox folder: {error.strerror}") from error
