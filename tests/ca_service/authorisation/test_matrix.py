"""Every endpoint and every command, asked by everybody for every place, answers as the policy's tables say."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

from ca_service.cli.base import Call
from ca_service.cli.main import main
from ca_service.domain.audit import Tag
from ca_service.domain.roles import POLICY, READING, Action, Role
from ca_service.domain.units import CENTRE_CODE
from tests.ca_service.authorisation.entry import (
    FOREIGN,
    LEAGUE,
    NOBODY,
    OPERATOR,
    STAFF,
    Asker,
    Command,
    Open,
    Route,
    Where,
    expected,
    places,
)
from tests.ca_service.authorisation.table_cli import COMMANDS
from tests.ca_service.authorisation.table_http import CONSOLE, PUBLICATION
from tests.ca_service.authorisation.world import CSRF, World

pytestmark = pytest.mark.usefixtures("quick_hashes")
_PROGRAMS = [Asker(role, CENTRE_CODE) for role in (Role.DIRECTORY, Role.RELYING)]
# A refusal is recorded once, by the workflow that can name what it was about or at the edge.
_REFUSALS = {Tag.ACT_REFUSED, Tag.REVIEW_REFUSED, Tag.BATCH_REFUSED}
_LOG = {"audit_entry", "head"}
_CHECKPOINTS = {"audit_tile", "audit_checkpoint"}


@dataclass(frozen=True)
class Observed:
    """What an answer was: whether it came from want of rights, what it wrote, what it said."""

    refused: bool
    wrote: set[str]
    entries: Sequence[tuple[str, str]]
    body: str


def _routes(app: Flask) -> set[tuple[str, str]]:
    rules = app.url_map.iter_rules()
    return {(method, rule.endpoint) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def test_every_route_has_its_line_and_no_line_is_stale(world: World) -> None:
    assert {(r.method, r.endpoint) for r in CONSOLE} == _routes(world.console)
    assert {(r.method, r.endpoint) for r in PUBLICATION} == _routes(world.publication)


def test_every_command_has_its_line_and_no_line_is_stale() -> None:
    assert {command.path for command in COMMANDS} == set(_leaves(main, click.Context(main), ()))


def _leaves(group: click.Group, context: click.Context, above: tuple[str, ...]) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _leaves(command, context, (*above, name))
        else:
            yield " ".join((*above, name))


@pytest.mark.parametrize("route", CONSOLE, ids=str)
def test_an_endpoint_answers_everybody_as_the_policy_says(world: World, route: Route) -> None:
    for asker in _askers(route):
        for place in places(asker, route.where):
            observed = _ask(world, world.console, route, asker, place)
            _judge(route, asker, place, observed)


def _askers(route: Route) -> Sequence[Asker]:
    if route.program:
        return [NOBODY, Asker(route.program, CENTRE_CODE)]
    # What no account is asked for needs not be asked by all of them.
    return [NOBODY, STAFF[0]] if route.needs is Open.EVERYBODY else [NOBODY, *STAFF]


@pytest.mark.parametrize("route", PUBLICATION, ids=str)
def test_what_is_published_is_for_everybody(world: World, route: Route) -> None:
    observed = _ask(world, world.publication, route, NOBODY, CENTRE_CODE)
    assert not observed.refused
    assert observed.wrote == set()


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.needs is not Open.HERE_ONLY], ids=str)
def test_a_command_answers_everybody_as_the_policy_says(world: World, command: Command) -> None:
    for asker in [NOBODY, OPERATOR, *STAFF]:
        for place in places(asker, command.where):
            _judge(command, asker, place, _run(world, command, asker, place))


def _judge(entry: Route | Command, asker: Asker, place: str, observed: Observed) -> None:
    about = (str(entry), asker.login, place, observed)
    assert observed.refused is not expected(asker, entry, place), about
    if observed.refused:
        recorded = asker not in (NOBODY, *_PROGRAMS)
        assert observed.wrote == (_LOG if recorded else set()), about
        assert [tag in _REFUSALS for tag, _ in observed.entries] == [True] * recorded, about
        if asker in STAFF:
            assert observed.entries[0][1] == asker.login, about
        return
    assert not _REFUSALS & {tag for tag, _ in observed.entries}, about
    if asker.role is Role.AUDITOR and not isinstance(entry.needs, Open):
        assert observed.wrote <= _LOG | _CHECKPOINTS, about
    if asker.unit == LEAGUE and entry.where is not Where.CENTRE:
        assert FOREIGN not in observed.body, about


def _ask(world: World, app: Flask, route: Route, asker: Asker, place: str) -> Observed:
    at = world.place(place)
    with app.test_request_context():
        values: dict[str, Any] = dict(route.path(at))
        path = app.url_for(route.endpoint, **values)
    headers = {"Cookie": world.cookie(asker)} if asker in STAFF else {}
    body = dict(route.form(at))
    octets = json.dumps(body).encode() if route.endpoint.startswith("api.") and route.method == "POST" else b""
    if route.program and asker is not NOBODY:
        headers["Authorization"] = f"Bearer {world.token(route.program, octets)}"
    client = app.test_client(use_cookies=False)
    with world.store.untouched():
        if route.endpoint.startswith("api."):
            answer = client.open(
                path, method=route.method, data=octets, content_type="application/json", headers=headers
            )
        else:
            data = {**body, "csrf_token": CSRF} if route.method == "POST" else None
            answer = client.open(path, method=route.method, data=data, headers=headers, base_url="https://localhost")
        written, entries = set(world.store.written), world.store.new_entries(after=world.audit_head)
    assert answer.status_code < 500 or route.endpoint == "health.readyz", (str(route), answer.text)
    return Observed(_refused(answer), written, entries, answer.get_data().decode(errors="replace"))


def _refused(answer: TestResponse) -> bool:
    if answer.status_code == 302:
        return answer.location == "/login"
    if answer.mimetype == "application/problem+json":
        return (answer.get_json() or {}).get("kind") in ("unauthenticated", "forbidden")
    return answer.status_code == 403


def _run(world: World, command: Command, asker: Asker, place: str) -> Observed:
    call = Call()
    call.__dict__.update(wiring=world.wiring, config=world.wiring.config)
    who = [] if asker is OPERATOR else ["--as", asker.login]
    with world.store.untouched():
        done = CliRunner().invoke(main, [*command.path.split(), *command.arguments(world.place(place)), *who], obj=call)
        written, entries = set(world.store.written), world.store.new_entries(after=world.audit_head)
    assert done.exit_code in (0, 1), (str(command), done.output)
    assert done.exception is None or isinstance(done.exception, SystemExit), (str(command), done.exception)
    unknown = done.exit_code == 1 and "没有找到人员账号：nobody" in done.stderr
    refused = unknown or bool(_REFUSALS & {tag for tag, _ in entries})
    return Observed(refused, written, entries, done.output)


def test_the_auditor_has_no_act_that_changes_anything() -> None:
    assert {action for action in Action if Role.AUDITOR in POLICY[action]} <= READING
    # The names say the same: what reads is called so; a checkpoint says what the log is, and changes none of it.
    assert {action for action in Action if re.search(r"\.(read|unmask|checkpoint)$", action.value)} == READING
