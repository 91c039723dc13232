"""The independent auditor of certificate status: does every place that tells the status of a certificate tell the same?

It compares the history of each certificate, replayed here, with the certificate table, the change log, the audit log,
each complete CRL, each delta with its base, and what the responders answer over HTTP. What it judges it does not use:
it reads the tables by SQL of its own (`reader`), not by the store's models; has rules of its own about what may follow
what (`replay`), not those of `domain`; reads CRLs and OCSP answers by `cryptography` (`lists`, `answers`), not by
`crl/` and `ocsp/`. It writes nothing. A mistake that it shares with the service is one of `cryptography` or of the
database.

    reader -> Records -> replay -> Life of each serial
                                   against the tables (`tables`), the lists (`published`), the responders (`responders`)
"""

from ca_service.audit.status.auditor import Auditor, Report
from ca_service.audit.status.findings import Check, Disagreement
from ca_service.audit.status.reader import Reader

__all__ = ["Auditor", "Check", "Disagreement", "Reader", "Report"]
