"""A replacement token: the old certificate is revoked first, or nothing is fetched."""

import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.soft_token import Result

OLD = "1f2e3d"


def replace(scene: Scene) -> Result:
    return scene.desk.run("replace", *scene.arguments())


def test_once_the_old_certificate_is_revoked_the_new_token_gets_its_own(scene: Scene) -> None:
    scene.ca.replaces = {"serial": OLD, "revoked": True}

    assert replace(scene).document["state"] == "confirmed"
    assert scene.ca.state == "confirmed"


@pytest.mark.parametrize("replaces", [None, {"serial": OLD, "revoked": False}])
def test_as_long_as_it_is_not_nothing_is_made_or_fetched(scene: Scene, replaces: dict[str, object] | None) -> None:
    scene.ca.replaces = replaces

    refused = replace(scene)

    assert (refused.code, "补办须先吊销旧证书" in refused.err) == (1, True)
    assert scene.ca.calls == ["begin"]
    assert scene.listing("privkey").count("educa-auth") == 0


@pytest.mark.parametrize("replaces", ["x", {}, {"serial": "zz", "revoked": True}, {"serial": OLD, "revoked": "yes"}])
def test_a_replacement_told_badly_is_not_believed(scene: Scene, replaces: object) -> None:
    scene.ca.replaces = replaces  # type: ignore[assignment]

    refused = replace(scene)

    assert (refused.code, "CA 的应答无法识别" in refused.err) == (1, True)


def test_an_enrolment_goes_on_whether_it_replaces_anything_or_not(scene: Scene) -> None:
    scene.ca.replaces = {"serial": OLD, "revoked": True}

    assert scene.enrol().code == 0
