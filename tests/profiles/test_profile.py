"""Profiles: the packaged ones, the parser's refusals, and the ceilings that no file exceeds."""

import tomllib
from dataclasses import replace
from datetime import timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

import profiles
from profiles.policy import CEILINGS


def _text(name: str) -> str:
    return resources.files("profiles.data").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _offence(text: str) -> profiles.ProfileError:
    with pytest.raises(profiles.ProfileError) as caught:
        profiles.parse(text)
    return caught.value


def test_the_eight_profiles_are_packaged() -> None:
    assert profiles.names() == (
        "audit-signer",
        "feed-signer",
        "information-administrator",
        "issuing",
        "ocsp-signer",
        "root",
        "staff",
        "tls-server",
    )


@pytest.mark.parametrize("name", profiles.names())
def test_a_packaged_profile_loads_under_its_file_name(name: str) -> None:
    assert profiles.load(name).name == name
    assert profiles.parse(_text(name)) == profiles.load(name)


def test_each_kind_has_a_profile() -> None:
    assert {profiles.load(name).kind for name in profiles.names()} == set(profiles.Kind)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("root", 7305),
        ("issuing", 3652),
        ("ocsp-signer", 30),
        ("information-administrator", 1095),
        ("tls-server", 397),
        ("staff", 365),
        ("feed-signer", 365),
        ("audit-signer", 365),
    ],
)
def test_default_validities(name: str, days: int) -> None:
    assert profiles.load(name).validity == timedelta(days=days)


@pytest.mark.parametrize("name", ["", "nobody", "../policy", "/etc/passwd", "root.toml", "root\x00"])
def test_an_unknown_name_is_refused_and_no_path_is_opened(name: str) -> None:
    with pytest.raises(profiles.ProfileError, match="information-administrator"):
        profiles.load(name)


@pytest.mark.parametrize("key", sorted(tomllib.loads(_text("root"))))
def test_a_missing_key_is_named(key: str) -> None:
    lines = [line for line in _text("root").splitlines() if not line.startswith(f"{key} =")]
    assert _offence("\n".join(lines)).key == key


def test_an_unknown_key_is_refused() -> None:
    assert _offence(_text("root") + "name_constraints = []\n").key == "name_constraints"


@pytest.mark.parametrize(
    ("found", "instead", "key"),
    [
        ("validity_days = 365", 'validity_days = "365"', "validity_days"),
        ("validity_days = 365", "validity_days = true", "validity_days"),
        ("validity_days = 365", "validity_days = 1e3", "validity_days"),
        ("validity_days = 365", f"validity_days = {10**30}", "validity_days"),
        ("validity_days = 365", "validity_days = 0", "validity_days"),
        ("validity_days = 365", "validity_days = -1", "validity_days"),
        ('kind = "staff"', 'kind = "intern"', "kind"),
        ('kind = "staff"', 'kind = ["staff"]', "kind"),
        ('name = "staff"', 'name = "../staff"', "name"),
        ('policies = ["staff"]', 'policies = "staff"', "policies"),
        ('policies = ["staff"]', "policies = [1]", "policies"),
        ('policies = ["staff"]', 'policies = ["staff", "staff"]', "policies"),
        ('keys = ["ec-p256", "rsa-2048", "rsa-3072"]', 'keys = ["rsa-1024"]', "keys"),
        ('keys = ["ec-p256", "rsa-2048", "rsa-3072"]', "keys = []", "keys"),
    ],
)
def test_a_mistyped_or_absurd_value_is_named(found: str, instead: str, key: str) -> None:
    text = _text("staff")
    assert found in text
    assert _offence(text.replace(found, instead)).key == key


@pytest.mark.parametrize(
    ("name", "found", "instead", "key"),
    [
        ("root", "7305", "7306", "validity_days"),
        ("issuing", "3652", "3654", "validity_days"),
        ("ocsp-signer", "= 30", "= 36", "validity_days"),
        ("information-administrator", "1095", "1097", "validity_days"),
        ("tls-server", "397", "399", "validity_days"),
        ("staff", "365", "367", "validity_days"),
        ("root", "path_length = 1\n", "", "path_length"),
        ("root", "path_length = 1", "path_length = 2", "path_length"),
        ("root", "path_length = 1", "path_length = -1", "path_length"),
        ("issuing", "path_length = 0", "path_length = 1", "path_length"),
        ("issuing", '"keyCertSign", ', "", "key_usage"),
        ("issuing", ', "cRLSign"', "", "key_usage"),
        ("issuing", '"crl", ', "", "pointers"),
        ("root", "pointers = []", 'pointers = ["crl"]', "pointers"),
        ("root", '"ec-p384"', '"ec-p256"', "keys"),
        ("issuing", '"rsa-3072"', '"rsa-2048"', "keys"),
        ("staff", '"digitalSignature"', '"digitalSignature", "keyCertSign"', "key_usage"),
        ("staff", '"digitalSignature"', '"digitalSignature", "cRLSign"', "key_usage"),
        ("tls-server", '"serverAuth"', '"serverAuth", "clientAuth"', "extended_key_usage"),
        ("information-administrator", '"clientAuth"', '"clientAuth", "serverAuth"', "extended_key_usage"),
        ("information-administrator", '["clientAuth"]', "[]", "extended_key_usage"),
        ("staff", 'policies = ["staff"]', 'policies = ["information-administrator"]', "policies"),
        ("information-administrator", '"crl", ', "", "pointers"),
        ("information-administrator", '"organization_identifier", ', "", "subject_required"),
        ("information-administrator", '"state"', '"email"', "subject_optional"),
        ("information-administrator", '"state"', '"common_name"', "subject_optional"),
        ("ocsp-signer", "ocsp_no_check = true", "", "ocsp_no_check"),
        ("ocsp-signer", '["certificate"]', '["certificate", "crl"]', "pointers"),
        ("staff", 'policies = ["staff"]', 'policies = ["staff"]\nocsp_no_check = true', "ocsp_no_check"),
        ("staff", 'policies = ["staff"]', 'policies = ["staff"]\npath_length = 0', "path_length"),
        ("tls-server", "subject_alternative_name = true", "", "subject_alternative_name"),
        ("feed-signer", "365", "367", "validity_days"),
        ("feed-signer", '"ec-p256"', '"ec-p256", "rsa-2048"', "keys"),
        ("feed-signer", '"documentSigning"', '"documentSigning", "clientAuth"', "extended_key_usage"),
        ("feed-signer", '"documentSigning"', '"OCSPSigning"', "extended_key_usage"),
        ("feed-signer", '["feed-signer"]', '["staff"]', "policies"),
        ("feed-signer", '"crl", ', "", "pointers"),
        ("audit-signer", "365", "367", "validity_days"),
        ("audit-signer", '"ec-p256"', '"ec-p256", "rsa-2048"', "keys"),
        ("audit-signer", '"documentSigning"', '"documentSigning", "clientAuth"', "extended_key_usage"),
        ("audit-signer", '["audit-signer"]', '["feed-signer"]', "policies"),
        ("audit-signer", '"crl", ', "", "pointers"),
    ],
)
def test_a_file_cannot_exceed_the_ceiling_of_its_kind(name: str, found: str, instead: str, key: str) -> None:
    text = _text(name)
    assert found in text
    error = _offence(text.replace(found, instead))
    assert error.key == key
    assert error.allowed


def test_the_constructor_itself_guards_the_ceiling() -> None:
    """There is no second door past the parser."""
    with pytest.raises(profiles.ProfileError, match="validity_days"):
        replace(profiles.load("root"), validity=timedelta(days=7306))


def test_no_end_entity_ceiling_lets_keys_sign_certificates_or_crls() -> None:
    for ceiling in CEILINGS.values():
        if ceiling.max_path_length is None:
            assert not ceiling.key_usage.allowed & {"keyCertSign", "cRLSign"}
        else:
            assert ceiling.key_usage.required == {"keyCertSign", "cRLSign"}


def test_client_authentication_is_for_persons_only() -> None:
    kinds = {kind for kind, ceiling in CEILINGS.items() if "clientAuth" in ceiling.extended_key_usage.allowed}
    assert kinds == {profiles.Kind.ADMINISTRATOR, profiles.Kind.STAFF}


def test_policy_identifiers_are_distinct_and_their_arcs_fit_32_bits() -> None:
    oids = list(profiles.POLICY_OIDS.values())
    assert len(set(oids)) == len(oids)
    assert all(int(arc) < 2**32 for oid in oids for arc in oid.split("."))


@pytest.mark.parametrize("text", ["kind", "a = " + "[" * 5000, "\x00", "name = 'x'\nname = 'y'", "x" * 70_000])
def test_text_that_is_no_profile_is_refused(text: str) -> None:
    assert _offence(text).key == "toml"


@given(st.text(max_size=200))
def test_any_text_ends_in_a_profile_error(text: str) -> None:
    with pytest.raises(profiles.ProfileError):
        profiles.parse(text)
