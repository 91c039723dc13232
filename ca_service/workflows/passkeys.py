"""Passkeys (WebAuthn Level 2) as second factor: enrolled, and shown after the password.

The challenge lies in the session and is taken out of it before the answer is looked at: an answer is good once. What
the authenticator says is verified by the `webauthn` library; an attestation of its make is not asked for.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from ca_service.domain.errors import Conflict, Invalid
from ca_service.domain.second_factors import Passkey
from ca_service.domain.sign_in import CODE_LIMITS, Method, Origin, Session
from ca_service.domain.staff import Staff
from ca_service.workflows.ports import Services
from ca_service.workflows.second_factor import Enrolled, taken_into_use
from ca_service.workflows.sessions import Opened, replace_session
from ca_service.workflows.sign_in import admit, forget_tries, refuse_sign_in, signed_in

_NAME = "教育CA控制台"
_LONGEST_ANSWER = 20_000
_LONGEST_NAME = 40


@dataclass(frozen=True)
class RelyingParty:
    """The console as browsers know it, e.g. `https://ca.example.cn:8443`."""

    origin: str

    @property
    def id(self) -> str:
        """Its host name; empty where it is a bare address, for which WebAuthn knows no passkeys (§5.1.2)."""
        host = urlsplit(self.origin).hostname or ""
        try:
            ip_address(host)
        except ValueError:
            return host
        return ""


def registration_options(services: Services, party: RelyingParty, staff: Staff, session: Session) -> str:
    """What the browser needs to make a passkey, as JSON."""
    with services.read() as uow:
        present = uow.passkeys.find(login=staff.login)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=_NAME,
        user_name=staff.login,
        # Opaque, as the specification asks (§14.6.1), and the same for all passkeys of an account.
        user_id=bytes.fromhex(services.keyed_hash(f"passkey-user:{staff.login}"))[:32],
        challenge=_new_challenge(services, session),
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(key.id)) for key in present],
    )
    return webauthn.options_to_json(options)


def register(
    services: Services, party: RelyingParty, staff: Staff, session: Session, *, answer: str, name: str, origin: Origin
) -> Enrolled:
    """Take a passkey into use. Raises Invalid, Conflict."""
    title = name.strip()
    if not title or len(title) > _LONGEST_NAME or not title.isprintable():
        raise Invalid(f"请给通行密钥起一个名称（最多 {_LONGEST_NAME} 个字）。")
    challenge = _take_challenge(services, session)
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:_LONGEST_ANSWER],
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
    except Exception as error:  # the library and its parsers raise many types on hostile answers
        raise Invalid("通行密钥未能验证，请重试。") from error
    with services.begin() as uow:
        key_id = bytes_to_base64url(made.credential_id)
        uow.passkeys.add(
            Passkey(key_id, staff.login, title, made.credential_public_key, made.sign_count, services.clock())
        )
        return taken_into_use(services, uow, staff, session, origin=origin, method=Method.PASSKEY)


def authentication_options(services: Services, party: RelyingParty, staff: Staff, session: Session) -> str:
    """What the browser needs to show a passkey, as JSON; empty where the account has none."""
    with services.read() as uow:
        present = uow.passkeys.find(login=staff.login)
    if not present or not party.id:
        return ""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=_new_challenge(services, session),
        allow_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(key.id)) for key in present],
    )
    return webauthn.options_to_json(options)


def by_passkey(
    services: Services, party: RelyingParty, staff: Staff, session: Session, *, answer: str, origin: Origin
) -> Opened:
    """Complete a session that is half way. Raises TooMany, Unauthenticated."""
    admit(services, CODE_LIMITS, staff.login, origin)
    challenge = _take_challenge(services, session)
    found = _verified(services, party, staff, answer, challenge)
    if found is None:
        refuse_sign_in(services, staff, origin, "passkey", "通行密钥验证未通过，请重试，或使用验证码、恢复码。")
    key, sign_count = found
    with services.begin() as uow:
        uow.passkeys.change(key, guard=("sign_count",), sign_count=sign_count, used_at=services.clock())
        opened = replace_session(services, uow, staff, session, method=Method.PASSKEY, origin=origin)
        forget_tries(services, uow, CODE_LIMITS, staff.login)
        signed_in(uow, staff, origin, Method.PASSKEY)
    return opened


def _verified(
    services: Services, party: RelyingParty, staff: Staff, answer: str, challenge: bytes
) -> tuple[Passkey, int] | None:
    """The account's passkey that gave this answer to this challenge, and its new count."""
    with services.read() as uow:
        present = {key.id: key for key in uow.passkeys.find(login=staff.login)}
    try:
        credential = webauthn.helpers.parse_authentication_credential_json(answer[:_LONGEST_ANSWER])
        key = present[credential.id]
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
        )
    except Exception:  # as above; a count that goes back is among them: the key was copied
        return None
    return key, verified.new_sign_count


def _new_challenge(services: Services, session: Session) -> bytes:
    challenge = services.random_bytes(32)
    with services.begin() as uow:
        uow.sessions.change(session, challenge=challenge)
    return challenge


def _take_challenge(services: Services, session: Session) -> bytes:
    if session.challenge is None:
        raise Conflict("页面已过期，请刷新后重试。")
    with services.begin() as uow:
        uow.sessions.change(session, guard=("challenge",), challenge=None)
    return session.challenge
