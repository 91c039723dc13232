"""The names of a TLS server: DNS names and IP addresses as GeneralNames."""

import ipaddress
import re
from collections.abc import Sequence

from profiles import der
from profiles.errors import SubjectError

_MAX_NAMES = 32
# One label: letters, digits, inner hyphens, 1 to 63 (RFC 1034 §3.5). Lower case only, so that one host has
# one spelling; a wildcard or an internationalised name in other than its A-label form does not match.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_DNS_TAG, _IP_TAG = 2, 7


def general_names(*, dns_names: Sequence[str], ip_addresses: Sequence[str]) -> tuple[bytes, ...]:
    """GeneralNames in the order given, DNS names first (RFC 5280 §4.2.1.6).

    `ip_addresses` are texts of IPv4 or IPv6. A malformed, doubled or surplus name raises SubjectError.
    """
    if len(dns_names) + len(ip_addresses) > _MAX_NAMES:
        raise SubjectError("dns_names", f"{len(dns_names) + len(ip_addresses)} names", f"at most {_MAX_NAMES}")
    encoded = tuple(_dns(name) for name in dns_names) + tuple(_ip(address) for address in ip_addresses)
    if len(set(encoded)) != len(encoded):
        raise SubjectError("dns_names", "a name twice", "each name once")
    return encoded


def _dns(name: str) -> bytes:
    if not isinstance(name, str) or not _DNS_NAME.fullmatch(name) or name.rsplit(".", 1)[-1].isdigit():
        raise SubjectError("dns_names", repr(name)[:80], "a lower-case host name, no wildcard")
    return der.primitive(_DNS_TAG, name.encode("ascii"))


def _ip(address: str) -> bytes:
    try:
        # A number would be taken for an address too: only text is.
        packed = ipaddress.ip_address(str(address)).packed if "%" not in str(address) else None
    except ValueError as error:
        raise SubjectError("ip_addresses", repr(address)[:80], "an IPv4 or IPv6 address") from error
    if packed is None:
        raise SubjectError("ip_addresses", repr(address)[:80], "an address without zone")
    return der.primitive(_IP_TAG, packed)
