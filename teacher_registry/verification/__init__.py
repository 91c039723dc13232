"""Judging certificates and the CA's words about them: pure functions over DER and an aware time."""

from teacher_registry.verification.chain import verify_chain
from teacher_registry.verification.subject import VerifiedAdministrator

__all__ = ["VerifiedAdministrator", "verify_chain"]
