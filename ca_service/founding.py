"""The key ceremony outside and around the database.

    1. Configuration and secrets, where there are none.
    2. Tokens: made with softhsm2-util for SoftHSM; those of any other module must exist.
    3. Keys: root and issuing, on their tokens, never extractable.
    4. The hierarchy, the region's units, the first staff (workflows/ceremony.py).
    5. OCSP, feed and audit signer, TLS certificates, first CRLs; the record.

It touches neither a CA that exists nor a token that holds keys. If the process dies in between, nothing has been handed
out: the next run says which folder to remove.
"""

import getpass
import os
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TypedDict

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import profiles
from ca_service.config import Config
from ca_service.domain.errors import Conflict, Unavailable
from ca_service.passwords import hash_password
from ca_service.periodic import AUDIT_SIGNER, FEED_SIGNER, OCSP_SIGNER, renew_signer
from ca_service.secret_files import read_secret
from ca_service.signing.custody_key import new_private_key
from ca_service.signing.issuer import CertificateAuthority
from ca_service.signing.pkcs11_key import Pkcs11Key, generate, labels
from ca_service.signing.token_sessions import TokenSessions
from ca_service.store import schema
from ca_service.wiring import Wiring
from ca_service.workflows import ceremony


class KeyFacts(TypedDict):
    """One CA key: whose, which (RFC 5280 §4.2.1.2), the certificate's fingerprint, on which token."""

    subject: str
    key_identifier: str
    sha256: str
    token: str


class Record(TypedDict):
    """What the ceremony leaves to keep: who, when, which keys."""

    at: str
    operator: str
    root: KeyFacts
    issuing: KeyFacts


@dataclass(frozen=True)
class Addresses:
    """Where a new configuration lets the parts listen, each `host:port`."""

    console: str
    publication: str
    registry: str


def write_configuration(path: Path, addresses: Addresses) -> None:
    """Write a configuration with the embedded defaults."""
    template = resources.files("ca_service").joinpath("data", "config.toml").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, value in vars(addresses).items():
        template = template.replace(f"@{name}@", value)
    for mark, policy in (("@policy@", "information-administrator"), ("@feed_policy@", "feed-signer")):
        template = template.replace(mark, profiles.POLICY_OIDS[policy])
    path.write_text(template, encoding="utf-8")


def write_secrets(config: Config) -> None:
    """Make the secrets that are missing: random, readable by this user only."""
    table, hsm = config.secrets, config.hsm
    pins = ((table.root_pin, hsm.root_unlock), (table.issuing_pin, hsm.issuing_unlock))
    for relative, octets in (
        (table.field_key, 32),
        # A PIN that custodians hold is made by them, not here.
        *((pin, 12) for pin, unlock in pins if unlock == "file"),
        (table.push_token, 32),
        (table.session_key, 32),
        *((path, 32) for path in config.relying.systems.values()),
    ):
        path = config.path(relative)
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_private(path, secrets.token_hex(octets))
    custody = config.path(table.custody_key)
    if not custody.exists():
        custody.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_private(custody, new_private_key())


def exists(wiring: Wiring) -> bool:
    """Whether the database holds a CA; brings its schema to this version on the way."""
    schema.upgrade(wiring.database.engine)
    return bool(wiring.ca_certificates())


def hold(wiring: Wiring) -> tuple[Record, Sequence[ceremony.FirstStaff]]:
    """Steps 2 to 5; returns the record and the first accounts with their passwords."""
    config, services = wiring.config, wiring.services
    make_tokens(config)
    names = ceremony.Names(config.ca.organization, config.ca.root_name, config.ca.issuing_name)
    root_key = _new_key(wiring.root_sessions, "root", "p384", config)
    issuing_key = _new_key(wiring.issuing_sessions, "issuing", "p256", config)
    subject = profiles.Subject(common_name=names.root, organization=names.organization)
    root = CertificateAuthority(
        signer=root_key, name=profiles.subject_name(subject), publication=wiring.publication("root"), certificate=None
    )
    found = ceremony.found(services, names, root=root, root_key=root_key.public_key, issuing_key=issuing_key.public_key)
    first_staff = ceremony.appoint(services, password=lambda: secrets.token_urlsafe(12), hasher=hash_password)
    for certificate, name in zip(found, ("root", "issuing"), strict=True):
        (config.folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", certificate.der or b""))
    equip(wiring, names)
    record = Record(
        at=services.clock().isoformat(timespec="seconds"),
        operator=getpass.getuser(),
        root=_facts(found[0].der or b"", config.hsm.root_token),
        issuing=_facts(found[1].der or b"", config.hsm.issuing_token),
    )
    ceremony.complete(
        services, operator=record["operator"], root=record["root"]["sha256"], issuing=record["issuing"]["sha256"]
    )
    return record, first_staff


def equip(wiring: Wiring, names: ceremony.Names) -> None:
    """Step 5: signers and TLS certificates by the present issuing CA, in place of those that are there."""
    config, registry = wiring.config, wiring.config.registry
    for signer in (OCSP_SIGNER, FEED_SIGNER, AUDIT_SIGNER):
        renew_signer(wiring, signer)
    certify_server(wiring, names, config.path(config.service.tls_certificate), config.path(config.service.tls_key))
    if "tls_certificate" in registry and "tls_key" in registry:
        certify_server(
            wiring, names, config.path(Path(registry["tls_certificate"])), config.path(Path(registry["tls_key"]))
        )


def certify_server(wiring: Wiring, names: ceremony.Names, certificate: Path, key: Path) -> None:
    """A TLS key in a file (TLS servers need it there) and its certificate with the chain behind it."""
    server_names = wiring.config.service.server_names
    private = ec.generate_private_key(ec.SECP256R1())
    issued = ceremony.certify_infrastructure(
        wiring.services,
        names,
        profile="tls-server",
        public_key=private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        name=server_names[0],
        also=server_names,
    )
    certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key.unlink(missing_ok=True)
    _write_private(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    chain = [issued.der or b"", wiring.authority(issued.issuer).certificate]
    certificate.write_bytes(b"".join(pem.armor("CERTIFICATE", der) for der in chain))


def make_tokens(config: Config) -> None:
    """Step 2: the tokens that the configuration names, where SoftHSM is the module; those that exist are left alone."""
    if config.hsm.module.name != "libsofthsm2.so":
        return
    conf = config.path(Path(config.hsm.environment["SOFTHSM2_CONF"]))
    if not conf.exists():
        folder = conf.parent / "tokens"
        folder.mkdir(mode=0o700, exist_ok=True)
        conf.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n", "utf-8")
    environment = {**os.environ, "SOFTHSM2_CONF": str(conf)}
    present = subprocess.run(
        ["softhsm2-util", "--show-slots"], env=environment, capture_output=True, text=True, check=True
    )
    for label, pin in (
        (config.hsm.root_token, config.secrets.root_pin),
        (config.hsm.issuing_token, config.secrets.issuing_pin),
    ):
        if f"{label} " not in f"{present.stdout} ":
            _make_token(label, read_secret(config.path(pin)), environment)


def _make_token(label: str, pin: str, environment: dict[str, str]) -> None:
    # The security officer's PIN of a software token protects nothing that the user PIN does not: it is not kept.
    program = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        pin,
        "--so-pin",
        secrets.token_hex(8),
    ]
    try:
        subprocess.run(program, env=environment, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"无法建立软件密钥设备 {label}：请安装 softhsm2 并检查目录权限。") from error


def _new_key(sessions: TokenSessions, label: str, curve: str, config: Config) -> Pkcs11Key:
    if labels(sessions):
        raise Conflict(
            f"密钥设备“{sessions.address.label}”中已有密钥，但数据库中没有对应的 CA：可能是上次 init 中断。"
            f"确认没有使用过之后，请删除 {config.folder} 中除 config.toml 以外的内容，再重新运行。"
        )
    return generate(sessions, label=label, curve=curve)


def _facts(der: bytes, token: str) -> KeyFacts:
    certificate = x509.load_der_x509_certificate(der)
    return KeyFacts(
        subject=certificate.subject.rfc4514_string(),
        key_identifier=certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex(),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        token=token,
    )


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write(text)
