"""The documents are true: links lead somewhere, commands and options exist, tables equal the code."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

from ca_service.cli.main import main as educa
from ca_service.config import Config, load
from ca_service.domain.applications import APPLICATION, BATCH
from ca_service.domain.certificates import CERTIFICATE
from ca_service.domain.changes import CHANGE
from ca_service.domain.compromises import COMPROMISE
from ca_service.domain.conflicts import CONFLICT
from ca_service.domain.crl_overrides import OVERRIDE
from ca_service.domain.crls import CRL
from ca_service.domain.enrolments import ENROLMENT
from ca_service.domain.erasures import ERASURE
from ca_service.domain.media import MEDIUM, PARCEL
from ca_service.domain.messages import MESSAGE
from ca_service.domain.orders import ORDER
from ca_service.domain.presigned import PRESIGN_RUN
from ca_service.domain.proposals import PROPOSAL
from ca_service.domain.transfers import TRANSFER
from ca_service.domain.unblocks import RELEASE
from ca_service.domain.unit_cases import UNIT_CASE
from ca_service.domain.unit_kinds import UNIT
from ca_service.web.errors import STATUS
from teacher_registry.cli import main as teacher_registry
from teacher_registry.config import KEYS as REGISTRY_KEYS
from teacher_registry.config import load_config
from token_provisioning.cli import group as educa_token

_ROOT = Path(__file__).parents[1]
_EXAMPLE = _ROOT / "config.example.toml"
_DOCUMENTS = sorted([*_ROOT.glob("README*.md"), *(_ROOT / "docs").glob("*.md")])
_PROGRAMS: Mapping[str, click.Command] = {
    "educa": educa,
    "educa-token": educa_token,
    "teacher-registry": teacher_registry,
}
_MACHINES: Mapping[str, Any] = {
    "application": APPLICATION,
    "batch": BATCH,
    "medium": MEDIUM,
    "parcel": PARCEL,
    "order": ORDER,
    "crl": CRL,
    "crl-override": OVERRIDE,
    "enrolment": ENROLMENT,
    "release": RELEASE,
    "certificate": CERTIFICATE,
    "presign-run": PRESIGN_RUN,
    "change": CHANGE,
    "compromise": COMPROMISE,
    "transfer": TRANSFER,
    "message": MESSAGE,
    "unit": UNIT,
    "unit-case": UNIT_CASE,
    "conflict": CONFLICT,
    "erasure": ERASURE,
    "proposal": PROPOSAL,
}


def _id(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("document", _DOCUMENTS, ids=_id)
def test_relative_links_lead_to_files_that_exist(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", _DOCUMENTS, ids=_id)
def test_quoted_commands_and_their_options_exist(document: Path) -> None:
    assert [wrong for line in _commands(document) if (wrong := objection(line))] == []


def test_the_judge_of_commands_refuses_what_does_not_exist() -> None:
    assert objection("educa certs melt 1f")
    assert objection("educa certs freeze 1f --gently")
    assert not objection("educa certs freeze 1f --reason 遗失 --as zhang")


def test_the_documents_quote_each_program() -> None:
    quoted = {line.split()[0] for document in _DOCUMENTS for line in _commands(document)}
    assert quoted == set(_PROGRAMS)


def _commands(document: Path) -> Iterator[str]:
    """Lines of code blocks and inline code that call one of our programs with something."""
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    fence = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    lines = [line for block in fence.findall(text) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", fence.sub("", text))
    for line in lines:
        command = line.strip().removeprefix("$ ").split(" #")[0]
        if command.split(" ")[0] in _PROGRAMS and " " in command:
            yield command


def objection(line: str) -> str:
    """Why the program would not know this line; empty when it would."""
    name, *words = shlex.split(line)
    command = _PROGRAMS[name]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return f"{line}: no command {words[0]}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help"}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"{line}: no option {unknown[0]}" if unknown else ""


def test_the_example_configuration_equals_the_defaults() -> None:
    given = load(_EXAMPLE).model_dump(exclude={"registry"})
    assert given == Config().model_dump(exclude={"registry"})


def test_the_example_configuration_names_every_key() -> None:
    example = tomllib.loads(_EXAMPLE.read_text(encoding="utf-8"))
    for name, field in Config.model_fields.items():
        table = field.annotation
        if isinstance(table, type) and issubclass(table, BaseModel):
            assert set(example[name]) == set(table.model_fields), name


def test_the_example_registry_table_is_accepted_and_its_optional_keys_are_the_defaults(tmp_path: Path) -> None:
    table = tomllib.loads(_EXAMPLE.read_text(encoding="utf-8"))["registry"]
    for key in ("anchor", "issuing", "tls_certificate", "tls_key"):
        file = tmp_path / table[key]
        file.parent.mkdir(exist_ok=True)
        file.touch()
    complete = load_config(_with_registry(tmp_path / "complete.toml", table))
    optional = {
        "listen",
        "max_status_age_seconds",
        "crl_refresh_seconds",
        "fetch_timeout_seconds",
        "ocsp_nonce_required",
        "proxy",
        "proxy_format",
        "outbox",
        "exports_per_day",
        "resets_per_hour",
        *(key for key in table if key.startswith(("feed_", "also_"))),
    }
    needed = {key: value for key, value in table.items() if key not in optional}
    assert complete == load_config(_with_registry(tmp_path / "short.toml", needed))
    assert set(table) == REGISTRY_KEYS


def _with_registry(path: Path, table: Mapping[str, object]) -> Path:
    shown = {True: "true", False: "false"}
    lines = [f"{key} = {shown[v] if isinstance(v, bool) else repr(v)}" for key, v in table.items()]
    path.write_text("\n".join(["[registry]", *lines]), encoding="utf-8")
    return path


def test_the_table_of_problem_kinds_equals_the_table_of_the_service() -> None:
    text = (_ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", text, re.MULTILINE)
    assert {kind: int(status) for kind, status in rows} == {kind: int(status) for kind, status in STATUS.items()}
    assert len(rows) == len(STATUS)


def _rows_of_threats() -> list[list[str]]:
    text = (_ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    section = text.partition("## Threats that a test holds off\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [row for row in rows if len(row) == 5 and row[4].strip() not in ("test", "")]


def _tests_of(path: str) -> set[str]:
    """Names of the test functions of a file, by its syntax; none where there is no such file."""
    file = _ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_threat_names_tests_that_exist() -> None:
    rows = _rows_of_threats()
    assert len(rows) > 140
    missing = []
    for threat, *_, tests in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert named, threat
        missing += [f"{path}::{name}" for path, name in named if name not in _tests_of(path)]
    assert missing == []


def test_every_threat_says_who_and_of_which_kind_it_is() -> None:
    for threat, who, kind, measure, _ in _rows_of_threats():
        assert who.strip(), threat
        assert measure.strip(), threat
        assert kind in set("STRIDE"), threat


@pytest.mark.parametrize("name", _MACHINES)
def test_the_drawn_transitions_equal_the_table_of_the_code(name: str) -> None:
    text = (_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = text.partition(f"<!-- transitions: {name} -->\n")[2].partition("<!-- end -->")[0]
    assert drawn.strip() == _table(_MACHINES[name])


def _table(machine: Any) -> str:
    """A machine as the documents show it, one row a move, in the order of the code."""
    rows = [f"| {state} | {event} | {after} |" for (state, event), after in machine.moves.items()]
    return "\n".join(["| state | event | next |", "|---|---|---|", *rows])
