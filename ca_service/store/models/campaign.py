"""Campaigns, and when each person first signed in to a relying system."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ca_service.store.models.base import Base


class CampaignRow(Base):
    """The dates of each campaign."""

    __tablename__ = "campaign"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    starts_on: Mapped[date] = mapped_column(Date)
    forms_due: Mapped[date] = mapped_column(Date)
    push_due: Mapped[date] = mapped_column(Date)
    tokens_due: Mapped[date] = mapped_column(Date)


class SignInRow(Base):
    """The first sign-in of each person, as a relying system told it."""

    __tablename__ = "first_sign_in"
    holder_id: Mapped[str] = mapped_column(ForeignKey("holder.id"), primary_key=True)
    system: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
