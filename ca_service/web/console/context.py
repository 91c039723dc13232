"""What every view uses: the services, who is signed in, the CSRF check."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug import Response

from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.roles import CENTRE_ONLY, POLICY, Action, Actor
from ca_service.domain.sign_in import Origin, Session, Step, next_step
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.web.console.browsers import browser
from ca_service.web.front import CERTIFICATE
from ca_service.workflows.listing import Window
from ca_service.workflows.ports import Services
from ca_service.workflows.sessions import Opened, resume

PAGE_SIZE = 50
E = TypeVar("E", bound=StrEnum)
_OPEN = frozenset(
    {"console.portal.home", "console.portal.login", "console.portal.login_by_certificate", "console.static"}
)
_BY_ITSELF = frozenset({"console.status.figures"})
# What each step allows beside signing out; the first of them is where a person is led.
_ON_THE_WAY: Mapping[Step, Sequence[str]] = MappingProxyType(
    {
        Step.SECOND_FACTOR: ("console.second_factor.verify", "console.second_factor.verify_passkey"),
        Step.PASSWORD: ("console.portal.password",),
        Step.IDENTITY: ("console.account.identity",),
        Step.ENROLMENT: ("console.second_factor.totp", "console.second_factor.passkey"),
    }
)


@dataclass(frozen=True)
class Console:
    """What the console is made of; `public_url` is where CRLs and CA certificates are published, `own_url` its own."""

    services: Services
    public_url: str
    own_url: str


def console() -> Console:
    """The console of this application."""
    found: Console = current_app.extensions["console"]
    return found


def services() -> Services:
    """The services of this application."""
    return console().services


def staff() -> Staff:
    """Who is signed in; views behind `enter` only."""
    found: Staff = g.staff
    return found


def actor() -> Actor:
    """The signed-in person as one who acts through the web."""
    return staff().actor("web")


def may(action: str) -> bool:
    """Whether to show a link or button; the decision itself is the workflow's."""
    known: Staff | None = g.get("staff")
    act = Action(action)
    if known is None or not known.roles & POLICY[act]:
        return False
    return act not in CENTRE_ONLY or known.unit_code == CENTRE_CODE


def signed_in_session() -> Session:
    """The session of this request; views behind `enter` only."""
    found: Session = g.session
    return found


def origin() -> Origin:
    """Where this request comes from; a proxy's word counts only where the configuration names it (web/front.py)."""
    return Origin(request.remote_addr or "", browser(request.user_agent.string))


def client_certificate() -> bytes:
    """The client's certificate, DER, if one was shown and verified; else nothing (web/front.py)."""
    shown: bytes = request.environ.get(CERTIFICATE, b"")
    return shown


def begin_session(opened: Opened) -> None:
    """Give the browser its new identifier; nothing of an earlier session stays, neither identifier nor CSRF token."""
    session.clear()
    session["id"] = opened.identifier


def enter() -> Response | None:
    """Find session and account anew for each request, and lead to what still stands before the console."""
    g.staff, g.session, g.step = None, None, None
    # What a script asks by itself is no sign that somebody still sits there.
    found = resume(services(), session.get("id", ""), noted=request.endpoint not in _BY_ITSELF)
    if found is not None:
        g.staff, g.session = found
        g.step = next_step(*found, second_factor_required=services().terms.second_factor_required)
    if request.endpoint in _OPEN:
        return None
    if found is None:
        session.pop("id", None)
        return redirect(url_for("console.portal.login"))
    allowed = _ON_THE_WAY.get(g.step)
    if allowed is None or request.endpoint in (*allowed, "console.portal.logout"):
        return None
    return redirect(url_for(allowed[0]))


def csrf_token() -> str:
    """The token of this session, for a hidden field of each form."""
    token: str = session.setdefault("csrf", secrets.token_urlsafe(32))
    return token


def protect() -> None:
    """Refuse a POST without the session's token."""
    expected = session.get("csrf", "")
    given = request.form.get("csrf_token", "") if request.method == "POST" else expected
    if request.method == "POST" and not (expected and hmac.compare_digest(given.encode(), expected.encode())):
        abort(400)


def field(name: str) -> str:
    """A text of the form, without outer blanks; absent is empty."""
    return request.form.get(name, "").strip()


def upload(name: str) -> tuple[bytes, str]:
    """Content and file name of an upload; raise Invalid when there is none."""
    file = request.files.get(name)
    if file is None or not file.filename:
        raise Invalid("请选择要上传的文件。")
    return file.read(), file.filename


def chosen(name: str, among: type[E], *, noun: str, default: str = "") -> E | None:
    """What a list is narrowed to by the address, None for all of it; raise Invalid for a word that `among` lacks.

    `default` is for an address that does not name it; one that names it and leaves it empty asks for all.
    """
    word = request.args.get(name, default)
    if word not in ("", *among):
        raise Invalid(f"没有这种{noun}。")
    return among(word) if word else None


def page_number() -> int:
    """Which page of a list is asked for, from 1; anything else than a number is the first."""
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isdecimal() and len(text) <= 6 else 1


def window() -> Window:
    """The rows of the page that is asked for."""
    return Window(PAGE_SIZE, (page_number() - 1) * PAGE_SIZE)


def page_link(number: int) -> str:
    """The present address with another page number; what else was asked for stays."""
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **request.args.to_dict(), "page": number})


def refuse_stale(now: str) -> None:
    """Raise Conflict when the page that was submitted showed another state than the present one."""
    if field("seen") != now:
        raise Conflict("页面显示的内容已经过时：它刚刚被他人处理。未作任何更改，请刷新后按最新状态办理。")
