"""`/api/v1/account-events`: relying systems ask what became of whose account."""

from collections.abc import Callable, Mapping
from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from ca_service.domain.changes import FIRST_KINDS, AccountEventKind
from ca_service.web.api.bodies import Query, read_query
from ca_service.web.api.described import Operation, described
from ca_service.web.api.relying import relying_system
from ca_service.workflows.account_events import MAX_EVENTS, signed_page
from ca_service.workflows.ports import Services

MEDIA_TYPE = "application/jose"


class Cursor(Query):
    """The last event that the system has (0: none), how many more it takes at once, and which later kinds it knows."""

    after: Annotated[int, Field(ge=0, lt=1 << 53)] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_EVENTS)] = MAX_EVENTS
    kinds: Annotated[str, Field(max_length=200, pattern=r"^[a-z,-]*$")] = ""

    def known(self) -> frozenset[AccountEventKind]:
        """The kinds to tell: the first ones, and those named. One that we do not know is none that we would tell."""
        named = set(self.kinds.split(","))
        return FIRST_KINDS | {kind for kind in AccountEventKind if kind.value in named}


def blueprint(services: Services, tokens: Mapping[str, str], sign: Callable[[bytes], bytes]) -> Blueprint:
    """The feed over these services; `sign` makes a page into a compact JWS."""
    pages = Blueprint("account_events", __name__, url_prefix="/account-events")
    refusals = ("unauthenticated", "invalid", "unavailable")

    @pages.get("")
    @described(Operation(MEDIA_TYPE, refusals=refusals, query=Cursor, security="relying"))
    def account_events() -> Response:
        """The next page of the account feed, signed."""
        actor = relying_system(tokens)
        cursor = read_query(Cursor)
        page = signed_page(services, actor, sign, after=cursor.after, limit=cursor.limit, known=cursor.known())
        response = Response(page, content_type=MEDIA_TYPE)
        response.cache_control.no_store = True
        return response

    return pages
