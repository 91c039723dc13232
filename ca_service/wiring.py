"""The one place that knows both sides: Config -> adapters -> what the workflows need."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path

from cryptography import x509

import ocsp
from ca_service.clock import Clock, system_clock
from ca_service.config import Config, ConfigError
from ca_service.delivery.file_sink import FileSink
from ca_service.delivery.smtp import MailServer, SmtpCourier
from ca_service.delivery.web_folder import WebFolder
from ca_service.domain.checkpoints import Checkpoint, TreeHead
from ca_service.domain.errors import Unavailable
from ca_service.domain.health import KeyDevice
from ca_service.domain.key_use import Use
from ca_service.domain.messages import Channel
from ca_service.push_tokens import Keyring
from ca_service.secret_files import read_public_key, read_secret
from ca_service.signing import delegated_keys
from ca_service.signing.custody_key import CustodyKey
from ca_service.signing.feed_signer import PageSigner
from ca_service.signing.head_signer import HeadSigner
from ca_service.signing.issuer import CertificateAuthority, Publication
from ca_service.signing.pkcs11_key import Pkcs11Key
from ca_service.signing.runtime_pin import RuntimePin
from ca_service.signing.signer import Signer
from ca_service.signing.token_sessions import TokenAddress, TokenSessions
from ca_service.signing.turns import Patience
from ca_service.store import bounds
from ca_service.store.compacting import compact
from ca_service.store.database import Database
from ca_service.store.documents import DocumentFolder
from ca_service.store.key_ring import RingFile
from ca_service.store.sealed_data import SealedData
from ca_service.store.sealing import Sealer
from ca_service.workflows.current_issuer import ROOT
from ca_service.workflows.erasure_chores import Hands
from ca_service.workflows.infrastructure import signers
from ca_service.workflows.ports import Authority, Courier, Meter, Mirror, Services, Terms, Unmeasured


class Wiring:
    """All adapters of one configuration, each made when it is first asked for: a CLI that reads needs no token."""

    def __init__(
        self, config: Config, *, clock: Clock = system_clock, meter: Meter | None = None, serving: bool = False
    ) -> None:
        """`meter`: where measurements go; nowhere by default, since a command ends before anybody reads them.
        `serving`: somebody waits for each answer; a command or the worker has more time."""
        self.config = config
        self._serving = serving
        self.clock = clock
        self.ocsp_keys: dict[str, Callable[[], ocsp.ResponderKey]] = {}
        self.meter = meter or Unmeasured()
        self.root_pin = ""

    @cached_property
    def field_keys(self) -> RingFile:
        """The keys under which personal fields and documents are sealed."""
        path = self.config.path(self.config.secrets.field_key)
        return RingFile(path, lambda: read_secret(path))

    @cached_property
    def sealer(self) -> Sealer:
        """Encryption of personal fields and documents."""
        return Sealer.following(self.field_keys)

    @cached_property
    def sealed_data(self) -> SealedData:
        """All that is sealed, for a change of keys."""
        return SealedData(self.database, self.sealer, self._documents)

    @property
    def erasing_hands(self) -> Hands:
        """What takes away that which lies outside the rows of erased persons."""
        sink = FileSink(self.config.path(self.config.service.outbox))
        return Hands(sink.forget, lambda: compact(self.database.engine))

    @cached_property
    def _documents(self) -> DocumentFolder:
        return DocumentFolder(self.config.path(self.config.service.documents), self.sealer)

    @cached_property
    def database(self) -> Database:
        """One pool of connections for the whole process, bounded by what it does: serving, or long tasks."""
        url, table = self.config.database_url, self.config.database
        within = bounds.serving(table.statement_seconds) if self._serving else bounds.working(table.task_seconds)
        return Database(url, sealer=self.sealer, clock=self.clock, meter=self.meter, bounds=within)

    @cached_property
    def root_sessions(self) -> TokenSessions:
        """The root's own token, used in the ceremony and for the root's CRL only."""
        return self._sessions(self.config.hsm.root_token, "root")

    @cached_property
    def issuing_sessions(self) -> TokenSessions:
        """The token of the issuing CA and the OCSP signer."""
        return self._sessions(self.config.hsm.issuing_token, "issuing")

    def _sessions(self, label: str, which: str) -> TokenSessions:
        hsm = self.config.hsm
        address = TokenAddress(str(hsm.module), label, partial(self.pin, which), self.config.hsm_environment)
        patience = Patience(hsm.waiting, hsm.wait_seconds)
        rates = {Use.CERTIFICATE: hsm.certificates_per_second, Use.ANSWER: hsm.answers_per_second}
        return TokenSessions(address, meter=self.meter, patience=patience, rates=rates)

    def pin(self, which: str) -> str:
        """The PIN of the token `root` or `issuing`; raise Unavailable while the custodians hold it."""
        hsm = self.config.hsm
        if (hsm.root_unlock if which == ROOT else hsm.issuing_unlock) == "file":
            return _secret(self.pin_file(which))
        if which != ROOT:
            return self.runtime_pin.read()
        if not self.root_pin:
            raise Unavailable("根密钥由保管人分持，此操作需要他们到场输入份额。", facts={"why": "locked"})
        return self.root_pin

    def pin_file(self, which: str) -> Path:
        """Where the PIN lies that no custodians hold."""
        secrets = self.config.secrets
        return self.config.path(secrets.root_pin if which == ROOT else secrets.issuing_pin)

    @property
    def runtime_pin(self) -> RuntimePin:
        """Where the custodians' PIN lies while the machine runs."""
        return RuntimePin(self.config.hsm.runtime)

    def devices(self) -> Sequence[KeyDevice]:
        """How the token with the issuing keys is, as this process sees it. The root's is kept away on purpose."""
        return [self.issuing_sessions.device()]

    @cached_property
    def _authorities(self) -> dict[str, CertificateAuthority]:
        return {}

    def authority(self, name: str) -> Authority:
        """The door to one CA key, opened once; raise NotFound, Unavailable."""
        if name not in self._authorities:
            self._authorities[name] = self._open(name)
        return self._authorities[name]

    def _open(self, name: str) -> CertificateAuthority:
        with self.database.read() as uow:
            issuer, shards = uow.issuers.get(name), uow.crls.shards(name)
        sessions = self.root_sessions if name == "root" else self.issuing_sessions
        signer = self.ca_signer(sessions, issuer.key_label)
        authority = CertificateAuthority.of(issuer.certificate, signer=signer, publication=self.publication(name))
        for opened in shards:
            # The name of a shard is written into its list and into certificates: the two must stay the same.
            if opened.url != authority.shard_url(opened.shard):
                raise Unavailable(
                    f"[service] public_url 与已发布的 CRL 分片不一致：分片 {opened.shard} 的地址是 {opened.url}，"
                    "已写入证书，不能更改。请改回原来的 public_url。"
                )
        return authority

    def ca_signer(self, sessions: TokenSessions, label: str) -> Signer:
        """The CA key of this label on a token; raise Unavailable."""
        return Pkcs11Key(sessions, label)

    def publication(self, name: str) -> Publication:
        """The URLs that stand in certificates signed by this CA."""
        base = self.config.service.public_url
        # The root revokes so seldom that its complete list is the shortest there can be.
        deltas = name != "root" and self.config.ca.delta_crls
        return Publication(
            crl_url=f"{base}/crl/{name}.crl",
            delta_crl_url=f"{base}/crl/delta/{name}.crl" if deltas else None,
            shard_crl_url=f"{base}/crl/{name}-s{{shard}}.crl",
            shard_delta_crl_url=f"{base}/crl/delta/{name}-s{{shard}}.crl" if deltas else None,
            shards=(self.config.ca.crl_shards or None) if name != "root" else None,
            ocsp_url=f"{base}/ocsp",
            certificate_url=f"{base}/ca/{name}.cer",
        )

    @cached_property
    def services(self) -> Services:
        """What every workflow gets as its first argument."""
        return Services(
            begin=self.database.begin,
            read=self.database.read,
            clock=self.clock,
            random_bytes=os.urandom,
            keyed_hash=self.sealer.keyed_hash,
            documents=self._documents,
            authority=self.authority,
            custody=CustodyKey(self._custody_key),
            meter=self.meter,
            devices=self.devices,
            terms=Terms(
                crl_lifetime=self.config.ca.crl_lifetime,
                root_crl_lifetime=self.config.ca.root_crl_lifetime,
                administrator_key=self.config.ca.administrator_key,
                state=self.config.ca.state,
                crl_interval=self.config.ca.crl_interval,
                crl_pause=timedelta(seconds=self.config.ca.crl_pause_seconds),
                crl_alarm=timedelta(hours=self.config.ca.crl_alarm_hours),
                root_crl_alarm=timedelta(days=self.config.ca.root_crl_alarm_days),
                crl_shards=self.config.ca.crl_shards,
                order_confirmation=timedelta(hours=self.config.ca.order_confirmation_hours),
                hold_reminder=timedelta(days=self.config.ca.hold_reminder_days),
                longest_hold=timedelta(days=self.config.ca.longest_hold_days),
                confirmation=timedelta(hours=self.config.ca.confirmation_hours),
                unconfirmed_hold=timedelta(days=self.config.ca.unconfirmed_hold_days),
                renewal_window=timedelta(days=self.config.ca.renewal_window_days),
                second_factor_required=self.config.console.second_factor == "required",
            ),
        )

    def _custody_key(self) -> str:
        return _secret(self.config.path(self.config.secrets.custody_key))

    def ocsp_key(self, issuer: str) -> Callable[[], ocsp.ResponderKey]:
        """Who signs an issuing CA's OCSP answers now; the call raises Unavailable when nobody can."""
        if issuer not in self.ocsp_keys:
            found = partial(signers, self.services, delegated_keys.OCSP.profile, issuer=issuer)
            self.ocsp_keys[issuer] = delegated_keys.CurrentKey(
                delegated_keys.OCSP,
                self.issuing_sessions,
                found,
                self.clock,
                make=lambda certificate, key: ocsp.ResponderKey(certificate, key.algorithm, key.sign_answer),
            )
        return self.ocsp_keys[issuer]

    @cached_property
    def page_signer(self) -> delegated_keys.CurrentKey[PageSigner]:
        """Who signs the account feed now; the call raises Unavailable when nobody can."""

        def make(certificate: bytes, key: Pkcs11Key) -> PageSigner:
            return PageSigner.of(certificate, key, issuing=self._signer_of(certificate))

        feed = delegated_keys.FEED
        found = partial(signers, self.services, feed.profile)
        return delegated_keys.CurrentKey(feed, self.issuing_sessions, found, self.clock, make=make)

    def _signer_of(self, certificate: bytes) -> bytes:
        """The certificate of the CA of ours that is named as issuer; no two have one name."""
        issuer = x509.load_der_x509_certificate(certificate).issuer
        cas = self.ca_certificates().values()
        return next(der for der in cas if x509.load_der_x509_certificate(der).subject == issuer)

    @cached_property
    def _head_signer(self) -> delegated_keys.CurrentKey[HeadSigner]:
        audit = delegated_keys.AUDIT
        found = partial(signers, self.services, audit.profile)
        make = HeadSigner.of
        return delegated_keys.CurrentKey(audit, self.issuing_sessions, found, self.clock, make=make)

    def sign_tree_head(self, tree: TreeHead) -> Checkpoint:
        """Sign what the audit log is; raise Unavailable when nobody can."""
        return self._head_signer()(tree)

    @property
    def audit_origin(self) -> str:
        """How the first checkpoint names this log: the address of the publication without its scheme."""
        return f"{self.config.service.public_url.partition('://')[2].rstrip('/')}/audit"

    def push_keys(self) -> Keyring:
        """Who may push; raise ConfigError."""
        config = self.config
        directories = {name: read_public_key(config.path(path)) for name, path in config.push.directories.items()}
        return Keyring(read_secret(config.path(config.secrets.push_token)), directories)

    def couriers(self) -> Mapping[Channel, Courier]:
        """By which way messages go out; raise ConfigError. SMS has no gateway here: its adapter would stand beside."""
        config, sink = self.config, FileSink(self.config.path(self.config.service.outbox))
        mail = config.mail
        if not mail.host:
            return {Channel.SMS: sink, Channel.EMAIL: sink}
        password = read_secret(config.path(mail.password)) if mail.user else ""
        server = MailServer(mail.host, mail.port, mail.security, mail.sender, mail.user, password)
        return {Channel.SMS: sink, Channel.EMAIL: SmtpCourier(server)}

    def mirror(self) -> Mirror | None:
        """Where the publication's files are put besides."""
        directory = self.config.mirror.directory
        return WebFolder(self.config.path(Path(directory))) if directory else None

    def relying_tokens(self) -> Mapping[str, str]:
        """The bearer token of each relying system, by name; raise ConfigError."""
        return {name: read_secret(self.config.path(path)) for name, path in self.config.relying.systems.items()}

    def ca_certificates(self) -> Mapping[str, bytes]:
        """All CA certificates by name, DER."""
        with self.database.read() as uow:
            return {issuer.name: issuer.certificate for issuer in uow.issuers.find()}


def _secret(path: Path) -> str:
    """A secret that is read while the service runs; raise Unavailable instead of ConfigError."""
    try:
        return read_secret(path)
    except ConfigError as error:
        raise Unavailable(str(error)) from error
