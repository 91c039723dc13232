"""Backup and restore of a whole CA: one file, sealed for the keys of those who keep it.

    database       as of one moment, taken while the service runs
    folder         configuration, secrets, software tokens, TLS keys, documents: what the configuration names

The file is a tar stream encrypted with age (age-encryption.org/v1), for one or more recipients: the machine that makes
backups cannot read them. Keys in a hardware module are not in it; the module has its own way.

    1. The database is copied to a file beside it; what was committed before is in the copy.
    2. The documents are read after it: those that the copy names are all there, since each is written before its name.
    3. The stream goes to FILE.part, is synced, and gets its name: a backup is whole or absent.

A restore goes to an empty folder, and to an empty database where that is PostgreSQL. It goes to FOLDER.part first and
gets its name when the audit chain of the copy has been verified and the CRL numbers have moved on. A death before that
leaves FOLDER.part (and a PostgreSQL database) to be removed.
"""

from ca_service.backup.restoring import Restored, restore
from ca_service.backup.taking import Taken, take

__all__ = ["Restored", "Taken", "restore", "take"]
