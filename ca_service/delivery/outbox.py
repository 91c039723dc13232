"""Delivers messages of the outbox. The file sink stands for the SMS gateway: one JSON file a message, for one owner."""

import json
import os
from pathlib import Path

from ca_service.domain.messages import Message, MessageStatus
from ca_service.workflows.ports import Services


class FileSink:
    """Writes each message to a folder that only the service's user may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> None:
        """Write the message under its id; a repeat writes the same file again."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = {"channel": message.channel.value, "to": message.letter.to, "text": message.letter.text}
        path = self._folder / f"{message.id}.json"
        temporary = path.with_suffix(".part")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False)
        temporary.replace(path)


def deliver(services: Services, sink: FileSink) -> int:
    """Send what is pending; return how many. A death between sending and noting repeats that one message."""
    with services.read() as uow:
        pending = uow.messages.find(status=MessageStatus.PENDING, limit=100)
    for message in pending:
        sink.send(message)
        with services.begin() as uow:
            uow.messages.change(message, status=MessageStatus.SENT)
    return len(pending)
