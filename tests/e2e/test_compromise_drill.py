"""The drill of docs/operations.md on a copy of the CA: its commands, then openssl and the registry on the old chain."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.workflows.publish_crl import publish_crl
from teacher_registry.refusal import RefusalKind
from tests.e2e.drill import admitted, downloaded_anew, educa, lists, served, verified
from tests.e2e.real_ca import RealCa

pytestmark = pytest.mark.e2e


def _end(ca: RealCa, config_file: Path) -> str:
    """The three people's commands; the number of the case."""
    with ca.wiring.services.begin() as uow:
        for login, role in (("ca-one", Role.CA_ADMIN), ("security-one", Role.SECURITY_ADMIN)):
            now = ca.wiring.clock()
            uow.staff.add(Staff(login, login, CENTRE_CODE, frozenset({role}), "", False, True, now))
    case = educa(config_file, "ca", "declare", "--ground", "演练", "--as", "ca-one")
    assert isinstance(case, dict)
    number = str(case["id"])
    educa(config_file, "ca", "confirm", number, "--as", "security-one")
    educa(config_file, "ca", "revoke", number)
    return number


def test_the_drill_ends_the_old_chain_and_a_new_one_takes_its_place(copied: Config) -> None:
    with served(copied, "first") as (ca, config_file):
        holder, token = ca.office.handed_over()
        begun = ca.office.begin(token, ca.office.codes(holder))
        old = ca.office.confirm(token, begun, ca.office.fetch(token, begun))
        for issuer in ("root", "issuing"):
            publish_crl(ca.wiring.services, ca.office.operator, issuer)
        assert ": OK" in verified(ca, old, lists(ca))
        assert admitted(ca, old) is None

        case = _end(ca, config_file)
        assert "error 23" in verified(ca, old, lists(ca))
        assert admitted(ca, old) is RefusalKind.REVOKED
        affected = educa(config_file, "ca", "affected", case)
        assert isinstance(affected, list)
        assert [one["holder_id"] for one in affected] == [holder]

        made = educa(config_file, "ca", "roll-over")
        assert isinstance(made, dict)
        assert made["name"] == "issuing-2"
        new = downloaded_anew(ca.office, holder, token)
        assert (new.issuer, new.medium_serial) == ("issuing-2", old.medium_serial)
        assert educa(config_file, "ca", "affected", case) == []
    _pin_the_new_one(copied)
    with served(copied, "second") as (ca, _):
        publish_crl(ca.wiring.services, ca.office.operator, "issuing-2")
        assert ": OK" in verified(ca, new, lists(ca, "issuing-2"))
        assert admitted(ca, new) is None
        assert admitted(ca, old) is RefusalKind.FOREIGN


def _pin_the_new_one(copied: Config) -> None:
    """What the operator of a relying system changes."""
    file = copied.folder / "config.toml"
    text = file.read_text(encoding="utf-8").replace('"issuing.pem"', '"issuing-2.pem"')
    file.write_text(text.replace("/issuing.crl", "/issuing-2.crl"), encoding="utf-8")


def test_the_roots_list_alone_stops_who_signs_lists_with_the_stolen_key(copied: Config) -> None:
    with served(copied, "first") as (ca, config_file):
        certificate = ca.office.enrolled()
        stolen = publish_crl(ca.wiring.services, ca.office.operator, "issuing").der or b""
        _end(ca, config_file)
        root, _ = lists(ca)
        assert "error 23 at 1 depth" in verified(ca, certificate, [root, stolen])


def test_a_ca_that_was_not_ended_gets_no_successor(copied: Config) -> None:
    with served(copied, "first") as (_, config_file):
        done = CliRunner().invoke(main, ["ca", "roll-over", "--config", str(config_file)])
        assert (done.exit_code, "没有因泄露而终止" in done.stderr) == (1, True)
