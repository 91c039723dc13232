"""Somebody has a person's codes without the token, or the token without the codes: the person is told, once a day."""

from datetime import timedelta

from ca_service.domain.media import WITH_PERSON
from ca_service.domain.messages import Channel
from ca_service.domain.notices import codes_misused, codes_misused_by_email, token_misused
from ca_service.workflows.messages import notify, post
from ca_service.workflows.ports import Services, UnitOfWork

# Who plugs in the wrong token again and again, or a thief who wants to annoy, sends no more messages than this.
_QUIET = timedelta(days=1)


def warn_of_misuse(services: Services, uow: UnitOfWork, *, holder_id: str, act: str) -> None:
    """Tell the person that the codes were right and the token was not, in the transaction that records the refusal.

    `act` is what was tried, in Chinese.
    """
    if _told_today(services, uow, f"{holder_id}:{act}"):
        return
    holder = uow.holders.get(holder_id)
    letter = codes_misused(holder.contact.mobile, act, services.clock())
    post(services, uow, Channel.SMS, letter, unit=holder.unit_code)
    unit = uow.units.get(holder.unit_code)
    notify(services, uow, codes_misused_by_email(holder.contact.email, unit.name, act), unit=unit.code)


def warn_owner_of_token(services: Services, uow: UnitOfWork, *, medium_serial: str, brought_by: str) -> None:
    """Tell the person whose token it is, if it is in another person's hands than it should be.

    That the token was there is only what the helper said, so the text speaks of a try and asks whether it is missing.
    """
    found = uow.media.find(serial=medium_serial, status=WITH_PERSON)
    if not found or found[0].holder_id in (None, brought_by):
        return
    owner = uow.holders.get(found[0].holder_id or "")
    if not _told_today(services, uow, f"{owner.id}:token"):
        letter = token_misused(owner.contact.mobile, services.clock())
        post(services, uow, Channel.SMS, letter, unit=owner.unit_code)


def _told_today(services: Services, uow: UnitOfWork, what: str) -> bool:
    seen, _ = uow.tries.count(services.keyed_hash(f"misuse:{what}"), per=_QUIET, now=services.clock())
    return seen > 1
