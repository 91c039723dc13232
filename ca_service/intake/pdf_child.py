"""The program behind pdf_probe.py: a PDF on standard input, one JSON object on standard output."""

import json
import logging
import resource
import sys
from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from ca_service.intake.errors import ScanFault

_CPU_SECONDS = 10
_MEMORY = 1024 * 1024 * 1024
_MAX_OBJECTS = 20_000
_MAX_NODES = 400_000

# Keys and actions that make a viewer do something or carry a file (ISO 32000-1, 7.11.4, 12.6.4).
_ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/EmbeddedFiles", "/EmbeddedFile", "/EF", "/XFA", "/RichMedia", "/AA"})
_ACTIVE_ACTIONS = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/GoToE",
        "/GoToR",
        "/Rendition",
        "/RichMediaExecute",
    }
)
_ACTIVE_TYPES = frozenset({"/EmbeddedFile", "/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen"})


class _FaultError(Exception):
    """What is wrong with the PDF; becomes the answer."""

    def __init__(self, fault: ScanFault) -> None:
        super().__init__(fault)
        self.fault = fault


def inspect_pdf(data: bytes, *, max_pages: int) -> dict[str, int | str]:
    """Return {"pages": n} or {"fault": one of ScanFault}. Without limits of its own on time and memory."""
    try:
        return {"pages": _pages(PdfReader(BytesIO(data), strict=False), max_pages)}
    except _FaultError as refusal:
        return {"fault": refusal.fault.value}
    except MemoryError:
        return {"fault": ScanFault.TOO_COMPLEX.value}
    except (
        PyPdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ):
        # pypdf meets structures of the wrong type deep inside; all of it means a broken file.
        return {"fault": ScanFault.DAMAGED.value}


def _pages(reader: PdfReader, max_pages: int) -> int:
    if reader.is_encrypted:
        raise _FaultError(ScanFault.ENCRYPTED)
    _require_passive(reader)
    pages = len(reader.pages)
    if pages == 0:
        raise _FaultError(ScanFault.DAMAGED)
    if pages > max_pages:
        raise _FaultError(ScanFault.TOO_MANY_PAGES)
    return pages


def _require_passive(reader: PdfReader) -> None:
    """Look at every object of the file, reachable or not: viewers differ in what they reach."""
    nodes = 0
    for top in _objects(reader):
        stack = [top]
        while stack:
            nodes += 1
            if nodes > _MAX_NODES:
                raise _FaultError(ScanFault.TOO_COMPLEX)
            node = stack.pop()
            if isinstance(node, DictionaryObject):
                _require_passive_dictionary(node)
                stack.extend(node.values())
            elif isinstance(node, ArrayObject):
                stack.extend(node)


def _objects(reader: PdfReader) -> Iterator[object]:
    references = {(number, generation) for generation, table in reader.xref.items() for number in table}
    references |= {(number, 0) for number in reader.xref_objStm}
    if len(references) > _MAX_OBJECTS:
        raise _FaultError(ScanFault.TOO_COMPLEX)
    yield reader.trailer
    for number, generation in sorted(references):
        yield reader.get_object(IndirectObject(number, generation, reader))


def _require_passive_dictionary(node: DictionaryObject) -> None:
    keys = {str(key) for key in node}
    kinds = {str(node.raw_get(key)) for key in ("/Type", "/Subtype") if key in node}
    action = str(node.raw_get("/S")) if "/S" in node else ""
    if keys & _ACTIVE_KEYS or kinds & _ACTIVE_TYPES or action in _ACTIVE_ACTIONS:
        raise _FaultError(ScanFault.ACTIVE_CONTENT)


def main() -> None:
    """Lower this process's limits for good, then read standard input and answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable(logging.CRITICAL)
    answer = inspect_pdf(sys.stdin.buffer.read(), max_pages=int(sys.argv[1]))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
