"""Names of the people whom an entry of the audit log is about, so that no reason which somebody typed keeps them.

Nothing is ever taken out of the chain. The records of a person are erased in time, and a name in a reason would stay.
"""

import re
from collections.abc import Collection

from sqlalchemy import BindParameter, bindparam, or_, select, union
from sqlalchemy.orm import Session

from ca_service.domain.person_text import mask_name
from ca_service.store import models

_CHINESE = re.compile("[\u3400-\u9fff]")
_H, _A = models.HolderRow, models.ApplicationRow
_IS: BindParameter[str] = bindparam("subjects", expanding=True)
_CONFLICT = models.ConflictRow
# By whatever a subject can be: a person, an application or all of a batch, a case, a certificate.
_NAMES = union(
    select(_H.name).where(_H.id.in_(_IS)),
    select(_A.name).where(or_(_A.id.in_(_IS), _A.batch_id.in_(_IS))),
    select(_H.name).join(models.ChangeRow, models.ChangeRow.holder_id == _H.id).where(models.ChangeRow.id.in_(_IS)),
    select(_H.name).join(models.TransferRow, models.TransferRow.holder_id == _H.id).where(
        models.TransferRow.id.in_(_IS)
    ),
    select(_H.name).join(models.CertificateRow, models.CertificateRow.holder_id == _H.id).where(
        models.CertificateRow.serial.in_(_IS)
    ),
    select(_H.name).join(models.ErasureLineRow, models.ErasureLineRow.holder_id == _H.id).where(
        models.ErasureLineRow.erasure_id.in_(_IS)
    ),
    select(_A.name).join(_CONFLICT, or_(_CONFLICT.first_id == _A.id, _CONFLICT.second_id == _A.id)).where(
        _CONFLICT.id.in_(_IS)
    ),
)  # fmt: skip


def without_names(session: Session, subjects: Collection[str], detail: str) -> str:
    """The details with the names of the people concerned masked; nobody is looked for where nothing was typed."""
    if not _CHINESE.search(detail):
        return detail
    for name in sorted(session.connection().execute(_NAMES, {"subjects": list(subjects)}).scalars(), key=len)[::-1]:
        if len(name) > 1 and name in detail:
            detail = detail.replace(name, mask_name(name))
    return detail
