"""What a view takes, gives and refuses, written beside it; `web/openapi.py` makes the public document from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

View = TypeVar("View", bound=Callable[..., object])
_ATTRIBUTE = "educa_operation"


@dataclass(frozen=True)
class Operation:
    """One operation: models of body, query and answer, kinds of refusal (`web/errors.py`), the security scheme."""

    answer: type[BaseModel] | str
    body: type[BaseModel] | None = None
    refusals: Sequence[str] = ()
    security: str = ""
    query: type[BaseModel] | None = None


def described(operation: Operation) -> Callable[[View], View]:
    """Attach the description to a view; `answer` may be a media type instead of a model."""

    def attach(view: View) -> View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return attach


def operation_of(view: Callable[..., object]) -> Operation | None:
    """What was attached, or None for a view that is not part of the public API."""
    found: Operation | None = getattr(view, _ATTRIBUTE, None)
    return found
