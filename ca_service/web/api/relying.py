"""Relying systems are known by a bearer token of their own."""

import hmac
from collections.abc import Mapping

from flask import request

from ca_service.domain.errors import Unauthenticated
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE


def relying_system(tokens: Mapping[str, str]) -> Actor:
    """The system whose token the request carries; raise Unauthenticated. Every token is compared, in constant time."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    matching = [name for name, token in tokens.items() if hmac.compare_digest(token.encode(), given.strip().encode())]
    if scheme.lower() != "bearer" or not matching:
        raise Unauthenticated("此接口需要应用系统的令牌（Authorization: Bearer …），请检查令牌文件。")
    return Actor(f"relying:{matching[0]}", CENTRE_CODE, frozenset({Role.RELYING}), "api")
