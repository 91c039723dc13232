"""`/api/v1/sign-ins`: relying systems report who signed in, for the campaign board."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from flask import Blueprint, Response, jsonify
from pydantic import AwareDatetime, Field

from ca_service.web.api.bodies import Answer, Body, read
from ca_service.web.api.described import Operation, described
from ca_service.web.api.relying import relying_system
from ca_service.workflows.ports import Services
from ca_service.workflows.sign_ins import ReportedSignIn, report


class SignIn(Body):
    """Serial of the certificate (lower-case hex) and the moment (RFC 3339 with zone)."""

    serial: Annotated[str, Field(pattern=r"^[0-9a-f]{1,40}$")]
    # JSON has no times: the text is read here although the model is strict.
    at: Annotated[datetime, AwareDatetime, Field(strict=False)]


class SignIns(Body):
    """The body: at most 1,000 sign-ins, in any order, repeats allowed."""

    sign_ins: Annotated[list[SignIn], Field(min_length=1, max_length=1_000)]


class Noted(Answer):
    """How many persons signed in for the first time."""

    first: int


def blueprint(services: Services, tokens: Mapping[str, str]) -> Blueprint:
    """The report over these services."""
    pages = Blueprint("sign_ins", __name__, url_prefix="/sign-ins")

    @pages.post("")
    @described(Operation(Noted, SignIns, ("unauthenticated", "invalid", "unavailable"), security="relying"))
    def sign_ins() -> Response:
        """Report sign-ins; only the first of a person is kept, an unknown serial is passed over."""
        actor = relying_system(tokens)
        reported = [ReportedSignIn(one.serial, one.at) for one in read(SignIns).sign_ins]
        return jsonify(first=report(services, actor, reported))

    return pages
