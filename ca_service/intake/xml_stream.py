"""Expat without its dangers: no document type, so no entities, and no token that grows without end."""

from collections.abc import Callable, Iterable
from xml.parsers import expat

from ca_service.intake.errors import damaged_sheet

# A tag or comment this long is an attack: expat would scan it again with every chunk that is fed.
_LONGEST_TOKEN = 1024 * 1024

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def parse(chunks: Iterable[bytes], *, start: Start, end: End, text: Text) -> None:
    """Call the handlers with local names (prefixes and namespaces cut off) and attributes likewise.

    SheetError (damaged) for XML that is not well-formed or has a DOCTYPE; what a handler raises passes.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: start(
        tag.rpartition(" ")[2], {name.rpartition(" ")[2]: value for name, value in attributes.items()}
    )
    parser.EndElementHandler = lambda tag: end(tag.rpartition(" ")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    fed = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - max(parser.CurrentByteIndex, 0) > _LONGEST_TOKEN:
                raise damaged_sheet()
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise damaged_sheet() from error


def _refuse(*_declaration: object) -> None:
    raise damaged_sheet()
