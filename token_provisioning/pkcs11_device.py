"""`Device` over an open PKCS#11 session."""

from hashlib import sha256
from typing import Any, TypeVar

import pkcs11
from pkcs11 import MGF, Attribute, KeyType, Mechanism, ObjectClass, Session
from pkcs11.constants import DEFAULT, CertificateType, MechanismFlag
from pkcs11.util.ec import encode_named_curve_parameters

from token_provisioning import marks, signatures
from token_provisioning.attributes import KeyAlgorithm, KeyAttributes
from token_provisioning.device import KeyPair, StoredCertificate
from token_provisioning.errors import (
    KeyLostError,
    PinRuleBrokenError,
    SignatureFailedError,
    TokenFailedError,
    TokenRemovedError,
)
from token_provisioning.login import is_present, translated, wrong_pin
from token_provisioning.module import token_info
from token_provisioning.objects import certificate_template, read, read_bytes, spki_of

_TRIAL = b"educa-trial-v1\0"
_Found = TypeVar("_Found")
# What matters is said in so many words: the defaults of modules differ (NSS makes keys extractable). What does not
# matter is left out: some modules refuse a key that is told what it may not do (tpm2-pkcs11 1.9: CKA_VERIFY).
_PRIVATE_TEMPLATE = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    **dict.fromkeys((Attribute.DECRYPT, Attribute.UNWRAP, Attribute.DERIVE), DEFAULT),
}
_PUBLIC_TEMPLATE = {
    Attribute.PRIVATE: False,
    **dict.fromkeys((Attribute.ENCRYPT, Attribute.WRAP, Attribute.VERIFY), DEFAULT),
}


class Pkcs11Device:
    """A logged-in token; contract of the methods: `device.Device`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._token = session.token
        # Handles live as long as the session; found again by the public key that they fit.
        self._private: dict[bytes, Any] = {}

    @property
    def serial(self) -> str:
        """From CK_TOKEN_INFO, read anew each time."""
        return token_info(self._token).serial

    def key_pairs(self, label: str) -> list[KeyPair]:
        """Sorted by CKA_ID; one trial signature a pair. Their handles serve `sign` from now on."""
        with translated(self._token):
            return [pair for pair, _ in self._complete(label)]

    def _complete(self, label: str) -> list[tuple[KeyPair, tuple[Any, Any]]]:
        publics = self._find(ObjectClass.PUBLIC_KEY, label)
        found = []
        for private in self._find(ObjectClass.PRIVATE_KEY, label):
            key_id = read_bytes(private, Attribute.ID)
            for public in publics:
                spki = spki_of(public)
                if read_bytes(public, Attribute.ID) != key_id or spki is None:
                    continue
                algorithm = signatures.algorithm_of(spki)
                if algorithm is None or not self._fits(private, spki, algorithm):
                    continue
                self._private[spki] = private
                found.append((KeyPair(key_id=key_id, algorithm=algorithm, public_key=spki), (private, public)))
                break
        return sorted(found, key=lambda entry: entry[0].key_id)

    def _fits(self, private: Any, spki: bytes, algorithm: KeyAlgorithm) -> bool:
        try:
            signatures.verify(spki, _sign(private, algorithm, _TRIAL), _TRIAL)
        except (SignatureFailedError, pkcs11.KeyTypeInconsistent, pkcs11.MechanismInvalid):
            return False
        return True

    def remove_orphans(self, label: str) -> int:
        """A half whose CKA_ID some certificate on the token has is left alone."""
        with translated(self._token):
            kept = {handle.handle for _, pair in self._complete(label) for handle in pair}
            certified = {certificate.key_id for certificate in self._certificates()}
            halves = self._find(ObjectClass.PRIVATE_KEY, label) + self._find(ObjectClass.PUBLIC_KEY, label)
            orphans = [
                half for half in halves if half.handle not in kept and read_bytes(half, Attribute.ID) not in certified
            ]
            for half in orphans:
                half.destroy()
            return len(orphans)

    def generate(self, *, label: str, key_id: bytes, algorithm: KeyAlgorithm) -> KeyPair:
        """CKA_EXTRACTABLE and the like are said in so many words; defaults of modules differ."""
        with translated(self._token):
            public, private = self._generate(label, key_id, algorithm)
            spki = spki_of(public)
        if spki is None:
            raise TokenFailedError(code="CKA_EC_POINT")
        self._private[spki] = private
        return KeyPair(key_id=key_id, algorithm=algorithm, public_key=spki)

    def _generate(self, label: str, key_id: bytes, algorithm: KeyAlgorithm) -> tuple[Any, Any]:
        common: dict[str, Any] = {
            "id": key_id,
            "label": label,
            "store": True,
            "capabilities": MechanismFlag.SIGN,
            "private_template": _PRIVATE_TEMPLATE,
            "public_template": _PUBLIC_TEMPLATE,
        }
        if algorithm is KeyAlgorithm.RSA_2048:
            rsa: tuple[Any, Any] = self._session.generate_keypair(KeyType.RSA, 2048, **common)
            return rsa
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters: Any = self._session.create_domain_parameters(KeyType.EC, curve, local=True)
        ec: tuple[Any, Any] = parameters.generate_keypair(**common)
        return ec

    def remove_pair(self, label: str, pair: KeyPair) -> None:
        """Equal is what has the same CKA_ID, algorithm and public key."""
        with translated(self._token):
            for halves in [halves for found, halves in self._complete(label) if found == pair]:
                for half in halves:
                    half.destroy()
            self._private.pop(pair.public_key, None)

    def key_attributes(self, pair: KeyPair) -> KeyAttributes:
        """A pair that `key_pairs` or `generate` has not returned raises KeyLostError."""
        key = self._private_half(pair)
        with translated(self._token):
            return KeyAttributes(
                sensitive=read(key, Attribute.SENSITIVE),
                always_sensitive=read(key, Attribute.ALWAYS_SENSITIVE),
                extractable=read(key, Attribute.EXTRACTABLE),
                never_extractable=read(key, Attribute.NEVER_EXTRACTABLE),
                local=read(key, Attribute.LOCAL),
            )

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """ECDSA by CKM_ECDSA over our own digest; KeyLostError as in `key_attributes`."""
        key = self._private_half(pair)
        with translated(self._token):
            return _sign(key, pair.algorithm, message)

    def sign_digest(self, pair: KeyPair, digest: bytes, *, pss: bool) -> bytes:
        """Without PSS, RSA signs a DigestInfo by CKM_RSA_PKCS; KeyLostError as in `key_attributes`."""
        key = self._private_half(pair)
        with translated(self._token):
            if pair.algorithm is KeyAlgorithm.EC_P256:
                return signatures.ecdsa_der(key.sign(digest, mechanism=Mechanism.ECDSA))
            if not pss:
                info = signatures.digest_info(digest)
                return bytes(key.sign(info, mechanism=Mechanism.RSA_PKCS))
            salted = (Mechanism.SHA256, MGF.SHA256, len(digest))
            return bytes(key.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=salted))

    def can_sign_pss(self) -> bool:
        """By the slot's list of mechanisms; it is not tried."""
        with translated(self._token):
            return Mechanism.RSA_PKCS_PSS in self._token.slot.get_mechanisms()

    def _private_half(self, pair: KeyPair) -> Any:
        if pair.public_key not in self._private:
            raise KeyLostError
        return self._private[pair.public_key]

    def certificates(self) -> list[StoredCertificate]:
        """An empty answer is believed only while the token is still there."""
        with translated(self._token):
            return self._certificates()

    def _certificates(self) -> list[StoredCertificate]:
        return self._unless_removed(stored_certificates(self._session))

    def store_certificate(self, certificate: StoredCertificate) -> None:
        """Public and without login readable, under the CKA_ID of its key."""
        with translated(self._token):
            self._session.create_object(certificate_template(certificate))

    def remove_certificate(self, certificate: StoredCertificate) -> None:
        """Equal is what has the same CKA_LABEL, CKA_ID and DER."""
        with translated(self._token):
            for found in self._find(ObjectClass.CERTIFICATE, certificate.label):
                same_id = read_bytes(found, Attribute.ID) == certificate.key_id
                if same_id and read_bytes(found, Attribute.VALUE) == certificate.der:
                    found.destroy()

    def has_mark(self, label: str) -> bool:
        """Asks the token each time; see `marks` for what stands for one."""
        with translated(self._token):
            return marks.has_mark(self._session, label)

    def set_mark(self, label: str) -> None:
        """Public, so that it is seen before the login; see `marks` for modules without data objects."""
        with translated(self._token):
            marks.set_mark(self._session, label)

    def clear_mark(self, label: str) -> None:
        """All with this label go, of either kind that `marks` writes."""
        with translated(self._token):
            marks.clear_mark(self._session, label)

    def change_pin(self, *, old: str, new: str) -> None:
        """By C_SetPIN; a refusal for length or strength is PinRuleBrokenError, in Chinese."""
        with translated(self._token):
            try:
                self._session.set_pin(old, new)
            except pkcs11.PinIncorrect as error:
                raise wrong_pin(self._token) from error
            except (pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinTooWeak) as error:
                raise PinRuleBrokenError(rule="介质不接受该 PIN") from error

    def _find(self, object_class: ObjectClass, label: str) -> list[Any]:
        # A list, not the generator: another operation during a search is CKR_OPERATION_ACTIVE.
        wanted = {Attribute.CLASS: object_class, Attribute.LABEL: label}
        return self._unless_removed(list(self._session.get_objects(wanted)))

    def _unless_removed(self, found: list[_Found]) -> list[_Found]:
        # Some modules answer a search on a token that is gone with "nothing there".
        if not found and not is_present(self._token):
            raise TokenRemovedError
        return found


def stored_certificates(session: Session) -> list[StoredCertificate]:
    """Read all X.509 certificates; they are public, a session without login sees them. Raises PKCS11Error."""
    wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509}
    return [
        StoredCertificate(
            label=str(read(found, Attribute.LABEL) or ""),
            key_id=read_bytes(found, Attribute.ID),
            der=read_bytes(found, Attribute.VALUE),
        )
        for found in list(session.get_objects(wanted))
    ]


def public_keys(session: Session, label: str) -> list[bytes]:
    """Read the SPKI of all public keys with this label, without login. Raises PKCS11Error."""
    wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label}
    return [spki for found in list(session.get_objects(wanted)) if (spki := spki_of(found)) is not None]


def _sign(private: Any, algorithm: KeyAlgorithm, message: bytes) -> bytes:
    if algorithm is KeyAlgorithm.RSA_2048:
        return bytes(private.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
    # Plain CKM_ECDSA over the digest: more tokens have it than CKM_ECDSA_SHA256.
    return signatures.ecdsa_der(private.sign(sha256(message).digest(), mechanism=Mechanism.ECDSA))
