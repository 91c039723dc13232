"""The one place that knows both sides: Config -> adapters -> what the workflows need."""

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property, partial

from ca_service.clock import Clock, system_clock
from ca_service.config import Config, ConfigError, read_public_key, read_secret
from ca_service.delivery.file_sink import FileSink
from ca_service.delivery.smtp import MailServer, SmtpCourier
from ca_service.domain.errors import NotFound, Unavailable
from ca_service.domain.messages import Channel
from ca_service.push_tokens import Keyring
from ca_service.signing import delegated_keys
from ca_service.signing.custody_key import CustodyKey
from ca_service.signing.feed_signer import PageSigner
from ca_service.signing.issuer import CertificateAuthority, Publication
from ca_service.signing.pkcs11_key import Pkcs11Key
from ca_service.signing.token_sessions import TokenAddress, TokenSessions
from ca_service.store.documents import DocumentFolder
from ca_service.store.key_ring import RingFile
from ca_service.store.sealed_data import SealedData
from ca_service.store.sealing import Sealer
from ca_service.store.unit_of_work import Database
from ca_service.workflows.infrastructure import signers
from ca_service.workflows.ports import Authority, Courier, Services, Terms


class Wiring:
    """All adapters of one configuration, each made when it is first asked for: a CLI that reads needs no token."""

    def __init__(self, config: Config, *, clock: Clock = system_clock) -> None:
        self.config = config
        self.clock = clock

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

    @cached_property
    def _documents(self) -> DocumentFolder:
        return DocumentFolder(self.config.path(self.config.service.documents), self.sealer)

    @cached_property
    def database(self) -> Database:
        """The store."""
        return Database(self.config.database_url, sealer=self.sealer, clock=self.clock)

    @cached_property
    def root_sessions(self) -> TokenSessions:
        """The root's own token, used in the ceremony and for the root's CRL only."""
        config = self.config
        return self._sessions(config.hsm.root_token, read_secret(config.path(config.secrets.root_pin)))

    @cached_property
    def issuing_sessions(self) -> TokenSessions:
        """The token of the issuing CA and the OCSP signer."""
        config = self.config
        return self._sessions(config.hsm.issuing_token, read_secret(config.path(config.secrets.issuing_pin)))

    def _sessions(self, label: str, pin: str) -> TokenSessions:
        hsm = self.config.hsm
        return TokenSessions(TokenAddress(str(hsm.module), label, pin, self.config.hsm_environment))

    @cached_property
    def _authorities(self) -> dict[str, CertificateAuthority]:
        return {}

    def authority(self, name: str) -> Authority:
        """The door to one CA key (`root` or `issuing`), opened once; raise NotFound, Unavailable."""
        if name not in self._authorities:
            self._authorities[name] = self._open(name)
        return self._authorities[name]

    def _open(self, name: str) -> CertificateAuthority:
        if name not in ("root", "issuing"):
            raise NotFound(f"没有名为 {name} 的 CA。")
        with self.database.read() as uow:
            issuer = uow.issuers.get(name)
        sessions = self.root_sessions if name == "root" else self.issuing_sessions
        signer = Pkcs11Key(sessions, issuer.key_label)
        return CertificateAuthority.of(issuer.certificate, signer=signer, publication=self.publication(name))

    def publication(self, name: str) -> Publication:
        """The URLs that stand in certificates signed by this CA."""
        base = self.config.service.public_url
        return Publication(
            crl_url=f"{base}/crl/{name}.crl",
            # The root revokes so seldom that its complete list is the shortest there can be.
            delta_crl_url=f"{base}/crl/delta/{name}.crl" if name == "issuing" and self.config.ca.delta_crls else None,
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
            terms=Terms(
                crl_lifetime=self.config.ca.crl_lifetime,
                root_crl_lifetime=self.config.ca.root_crl_lifetime,
                administrator_key=self.config.ca.administrator_key,
                state=self.config.ca.state,
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
        try:
            return read_secret(self.config.path(self.config.secrets.custody_key))
        except ConfigError as error:
            raise Unavailable(str(error)) from error

    @cached_property
    def page_signer(self) -> delegated_keys.CurrentKey[PageSigner]:
        """Who signs the account feed now; the call raises Unavailable when nobody can."""

        def make(certificate: bytes, key: Pkcs11Key) -> PageSigner:
            return PageSigner.of(certificate, key, issuing=self.ca_certificates()["issuing"])

        feed = delegated_keys.FEED
        found = partial(signers, self.services, feed.profile)
        return delegated_keys.CurrentKey(feed, self.issuing_sessions, found, self.clock, make=make)

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

    def relying_tokens(self) -> Mapping[str, str]:
        """The bearer token of each relying system, by name; raise ConfigError."""
        return {name: read_secret(self.config.path(path)) for name, path in self.config.relying.systems.items()}

    def ca_certificates(self) -> Mapping[str, bytes]:
        """All CA certificates by name, DER."""
        with self.database.read() as uow:
            return {issuer.name: issuer.certificate for issuer in uow.issuers.find()}
