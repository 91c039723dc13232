"""The self-download: who gets a certificate, who does not, and what a repeat gives."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ca_service.domain import errors
from ca_service.domain.certificates import Certificate, CertificateStatus, RevocationReason
from ca_service.domain.media import MediumStatus
from ca_service.domain.messages import Channel
from ca_service.workflows import enrol, handovers
from ca_service.workflows.certificate_status import revoke
from ca_service.workflows.csr import read_csr
from ca_service.workflows.enrol_certificate import certificate
from ca_service.workflows.enrol_issue import Asked, issue_all
from ca_service.workflows.enrol_sessions import Session
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office, SoftwareKeyInPlaceOfToken


def _all(office: Office) -> list[CertificateStatus]:
    with office.services.read() as uow:
        return [c.status for c in uow.certificates.find(profile="information-administrator")]


def test_a_person_with_the_dispatched_token_gets_one_active_certificate_without_personal_data(office: Office) -> None:
    active = office.enrolled()
    assert active.status is CertificateStatus.ACTIVE
    parsed = x509.load_der_x509_certificate(active.der or b"")
    names = {a.oid: a.value for a in parsed.subject}
    assert names[x509.NameOID.COMMON_NAME] == "示范人"
    assert names[x509.NameOID.SERIAL_NUMBER] == active.holder_id
    for personal in (b"150302199001010004", b"19900000001", b"teacher@example.com"):
        assert personal not in (active.der or b"")
    with office.services.read() as uow:
        assert uow.media.get("T1").status is MediumStatus.IN_USE


def test_every_step_may_be_repeated_and_gives_the_same_certificate(office: Office) -> None:
    holder, token = office.handed_over()
    codes = office.codes(holder)
    first = office.fetch(token, office.begin(token, codes))
    begun = office.begin(token, codes)
    again = office.fetch(token, begun)
    assert again.certificate == first.certificate
    for _ in range(2):
        confirmed = enrol.confirm(office.services, Session(begun.session), signature=token.prove(again.challenge))
        assert confirmed.status is CertificateStatus.ACTIVE
    after = office.begin(token, codes)
    assert office.fetch(token, after).certificate == first.certificate
    assert _all(office) == [CertificateStatus.ACTIVE]


def test_five_wrong_codes_block_and_say_how_many_tries_are_left(office: Office) -> None:
    holder, token = office.handed_over()
    reference, code = office.codes(holder)
    left = []
    for _ in range(4):
        with pytest.raises(errors.CodeWrong) as refused:
            office.begin(token, (reference, "AAAAAAAAAA"))
        left.append(refused.value.facts["tries_left"])
    assert left == [4, 3, 2, 1]
    for attempt in ("AAAAAAAAAA", code):
        with pytest.raises(errors.CodeBlocked):
            office.begin(token, (reference, attempt))


def test_parallel_wrong_codes_get_no_more_than_five_tries(office: Office) -> None:
    holder, token = office.handed_over()
    reference, code = office.codes(holder)

    def attempt(_: int) -> type[Exception]:
        try:
            office.begin(token, (reference, "AAAAAAAAAA"))
        except errors.DomainError as error:
            return type(error)
        return type(None)  # type: ignore[return-value]

    with ThreadPoolExecutor(8) as crowd:
        outcomes = list(crowd.map(attempt, range(40)))
    assert outcomes.count(errors.CodeWrong) <= 4
    with pytest.raises(errors.CodeBlocked):
        office.begin(token, (reference, code))


def test_an_unknown_reference_number_is_refused(office: Office) -> None:
    _, token = office.handed_over()
    with pytest.raises(errors.CodeWrong):
        office.begin(token, ("ZZZZZZZZZZZZ", "AAAAAAAAAA"))


def test_codes_run_out_after_fourteen_days(office: Office, clock: TestClock) -> None:
    holder, token = office.handed_over()
    codes = office.codes(holder)
    clock.pass_time(days=14, seconds=1)
    with pytest.raises(errors.CodeExpired):
        office.begin(token, codes)


def test_a_session_runs_out_after_fifteen_minutes(office: Office, clock: TestClock) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    clock.pass_time(minutes=16)
    with pytest.raises(errors.SessionUnknown):
        office.fetch(token, begun)


def test_a_reissue_voids_the_earlier_codes(office: Office) -> None:
    holder, token = office.handed_over()
    earlier = office.codes(holder)
    office.codes(holder)
    with pytest.raises(errors.CodeUsed):
        office.begin(token, earlier)


def test_a_reissue_goes_on_with_an_unconfirmed_certificate(office: Office) -> None:
    holder, token = office.handed_over()
    first = office.fetch(token, office.begin(token, office.codes(holder)))
    again = office.fetch(token, office.begin(token, office.codes(holder)))
    assert again.certificate == first.certificate
    assert _all(office) == [CertificateStatus.ISSUED]


def test_stolen_codes_are_worthless_with_another_token(office: Office) -> None:
    holder, _ = office.handed_over("1")
    _, thief = office.handed_over("2")
    codes = office.codes(holder)
    for _ in range(3):
        with pytest.raises(errors.WrongToken):
            office.begin(thief, codes)
    assert warned(office) == (1, 1)
    assert len(office.told(Channel.SMS, "有人持他人的下载码在您的介质上")) == 1


def test_nobody_is_told_of_a_token_that_nobody_has(office: Office) -> None:
    holder, _ = office.handed_over("1")
    codes = office.codes(holder)
    for serial in (office.token("T7").serial, "no such token"):
        with pytest.raises(errors.WrongToken):
            enrol.begin(office.services, reference=codes[0], code=codes[1], medium_serial=serial)
    assert office.told(Channel.SMS, "在您的介质上") == []


def warned(office: Office) -> tuple[int, int]:
    """How often the owner of the codes was told that somebody else has them: by SMS, by e-mail."""
    words = "下载证书，但所用的不是派发给您的介质"
    return len(office.told(Channel.SMS, words)), len(office.told(Channel.EMAIL, words))


def test_who_has_the_codes_still_a_day_later_is_told_of_again(office: Office, clock: TestClock) -> None:
    holder, _ = office.handed_over("1")
    _, thief = office.handed_over("2")
    codes = office.codes(holder)
    for _ in range(2):
        with pytest.raises(errors.WrongToken):
            office.begin(thief, codes)
        clock.pass_time(hours=25)
    assert warned(office) == (2, 2)


def test_who_guesses_only_the_code_of_a_token_sends_no_message(office: Office) -> None:
    holder, token = office.handed_over()
    reference, _ = office.codes(holder)
    with pytest.raises(errors.CodeWrong):
        office.begin(token, (reference, "AAAAAAAAAA"))
    assert warned(office) == (0, 0)


def test_a_token_that_only_claims_the_serial_number_is_refused_by_its_binding_key(office: Office) -> None:
    holder, token = office.handed_over()
    forged = replace(token, binding=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(errors.BindingInvalid):
        office.fetch(forged, office.begin(token, office.codes(holder)))
    assert _all(office) == []
    assert warned(office) == (1, 1)


def test_a_binding_signature_over_an_earlier_nonce_is_refused(office: Office) -> None:
    holder, token = office.handed_over()
    codes = office.codes(holder)
    old, now = office.begin(token, codes), office.begin(token, codes)
    csr = token.csr()
    with pytest.raises(errors.BindingInvalid):
        certificate(office.services, Session(now.session), csr=csr, binding_signature=token.bind(old.nonce, csr))


@pytest.mark.parametrize("damage", [lambda csr: csr[:-1] + bytes([csr[-1] ^ 1]), lambda csr: csr[:40], lambda _: b""])
def test_a_damaged_request_is_refused(office: Office, damage: "object") -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    csr: bytes = damage(token.csr())  # type: ignore[operator]
    with pytest.raises(errors.CsrInvalid):
        certificate(office.services, Session(begun.session), csr=csr, binding_signature=token.bind(begun.nonce, csr))


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1())], ids=["rsa-1024", "p-384"]
)
def test_a_key_that_the_profile_does_not_allow_is_refused(office: Office, key: rsa.RSAPrivateKey) -> None:
    holder, token = office.handed_over()
    with pytest.raises(errors.KeyWeak):
        office.fetch(replace(token, key=key), office.begin(token, office.codes(holder)))


def test_a_key_that_stands_in_another_certificate_is_refused(office: Office) -> None:
    holder, token = office.handed_over("1")
    office.fetch(token, office.begin(token, office.codes(holder)))
    other, second = office.handed_over("2")
    with pytest.raises(errors.KeyInUse):
        office.fetch(replace(second, key=token.key), office.begin(second, office.codes(other)))


def test_codes_serve_one_key_only(office: Office) -> None:
    holder, token = office.handed_over()
    codes = office.codes(holder)
    office.fetch(token, office.begin(token, codes))
    another = replace(token, key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(errors.CodeUsed):
        office.fetch(another, office.begin(token, codes))


def test_two_requests_at_once_give_one_certificate(office: Office) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))

    def ask(_: int) -> bytes:
        try:
            return office.fetch(token, begun).certificate
        except errors.Conflict:
            return b""

    with ThreadPoolExecutor(4) as crowd:
        certificates = set(crowd.map(ask, range(4))) - {b""}
    assert len(certificates) == 1
    assert _all(office) == [CertificateStatus.ISSUED]


def test_a_request_that_was_overtaken_by_its_twin_gets_the_twins_certificate(office: Office) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    with office.services.read() as uow:
        (as_seen_before,) = uow.enrolments.find()
    delivered = office.fetch(token, begun)
    (late,) = issue_all(office.services, [Asked(as_seen_before, read_csr(token.csr()))])
    assert isinstance(late, Certificate)
    assert late.der == delivered.certificate


def test_the_new_key_has_to_prove_itself(office: Office) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    delivered = office.fetch(token, begun)
    stranger: SoftwareKeyInPlaceOfToken = replace(token, key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(errors.ProofInvalid):
        enrol.confirm(office.services, Session(begun.session), signature=stranger.prove(delivered.challenge))
    assert _all(office) == [CertificateStatus.ISSUED]


def test_a_certificate_that_was_revoked_in_between_is_not_confirmed(office: Office) -> None:
    holder, token = office.handed_over()
    begun = office.begin(token, office.codes(holder))
    delivered = office.fetch(token, begun)
    serial = f"{x509.load_der_x509_certificate(delivered.certificate).serial_number:x}"
    reason = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, serial, reason="lost", crl_reason=reason)
    with pytest.raises(errors.IllegalTransition):
        enrol.confirm(office.services, Session(begun.session), signature=token.prove(delivered.challenge))


def test_nobody_gets_two_tokens(office: Office) -> None:
    holder, _ = office.handed_over()
    office.token("T2")
    with pytest.raises(errors.Conflict):
        handovers.hand_over(office.services, office.custodian, "T2", holder_id=holder)


def test_an_identifier_never_looks_like_a_telephone_number(office: Office) -> None:
    drawn = iter([bytes.fromhex("ab13800000001bcd"), bytes.fromhex("ab1380cd00001bcd")])
    assert replace(office.services, random_bytes=lambda _count: next(drawn)).new_id("H") == "Hab1380cd00001bcd"


def test_a_stolen_database_shows_no_code(office: Office) -> None:
    holder, _ = office.handed_over()
    reference, code = office.codes(holder)
    with office.services.read() as uow:
        (enrolment,) = uow.enrolments.find(holder_id=holder)
    kept = repr(vars(enrolment))
    assert reference not in kept
    assert code not in kept
