"""The signed token of a push (JWS, RFC 7515; claims of RFC 7519): who pushes, when, and exactly which octets.

A token is worth two minutes and one body: a stolen one repeats the push it was made for, which changes nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

from ca_service.domain.errors import Unauthenticated

OWN_WORKER = "worker"
_AUDIENCE = "educa:push"
_LIFETIME = timedelta(minutes=2)
_LEEWAY = timedelta(seconds=30)
_SYMMETRIC, _ASYMMETRIC = ["HS256"], ["ES256", "ES384", "EdDSA", "PS256"]


@dataclass(frozen=True)
class Keyring:
    """Who may push: the service's own worker by its secret, user directories by their public keys (PEM), by name."""

    worker_secret: str
    directories: Mapping[str, str]


def mint(secret: str, body: bytes, *, at: datetime) -> str:
    """The own worker's token (HS256) for this body."""
    claims = {
        "iss": OWN_WORKER,
        "aud": _AUDIENCE,
        "iat": int(at.timestamp()),
        "exp": int((at + _LIFETIME).timestamp()),
        "body": hashlib.sha256(body).hexdigest(),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def verify(token: str, body: bytes, *, keys: Keyring, at: datetime) -> str:
    """The name of the directory that signed this token for this body; raise Unauthenticated."""
    try:
        unverified = jwt.decode(token, options={"verify_signature": False})
        name = str(unverified.get("iss", ""))
        claims = _decode(token, name, keys)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Unauthenticated("推送接口的令牌无法验证：请检查签名密钥、iss 和 aud。") from error
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if not (issued - _LEEWAY.total_seconds() <= at.timestamp() <= expires + _LEEWAY.total_seconds()):
        raise Unauthenticated("推送接口的令牌已过期或尚未生效：请核对推送方的时钟，并重新签发。")
    if expires - issued > _LIFETIME.total_seconds():
        raise Unauthenticated("推送接口的令牌有效期过长：exp 与 iat 相差不得超过 120 秒。")
    if claims.get("body") != hashlib.sha256(body).hexdigest():
        raise Unauthenticated("推送接口的令牌与请求内容不符：body 应为请求体的 SHA-256（十六进制小写）。")
    return name


def _decode(token: str, name: str, keys: Keyring) -> Mapping[str, object]:
    # The algorithm follows from whose key it is, never from the token: a public key must not serve as an HMAC secret.
    key, algorithms = (
        (keys.worker_secret, _SYMMETRIC) if name == OWN_WORKER else (keys.directories.get(name), _ASYMMETRIC)
    )
    if key is None:
        raise jwt.InvalidIssuerError("unknown directory")
    # The times are judged by the service's clock, above.
    options: Options = {
        "require": ["iss", "aud", "iat", "exp"],
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }
    claims: Mapping[str, object] = jwt.decode(token, key, algorithms=algorithms, audience=_AUDIENCE, options=options)
    return claims


def _moment(claims: Mapping[str, object], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unauthenticated(f"推送接口的令牌中 {name} 应为数字（NumericDate）。")
    return float(value)
