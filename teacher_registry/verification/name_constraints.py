"""Name constraints along a path (RFC 5280 §4.2.1.10, §6.1.3 (b) and (c), §6.1.4 (g)), all name forms.

The library's own processing knows no IP addresses and lets malformed names pass; this one is asked in addition.
The bases were found well-formed by the rules before a path comes here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.rules import syntax

# Names times constraints on one path. Ours has one name and none; a thousand of each is an attack on our time.
MAX_COMPARISONS = 10_000

# The library checks these forms itself.
LIBRARY_FORMS = frozenset({"directory_name", "dns_name", "rfc822_name", "uniform_resource_identifier"})

_Name = tuple[str, Any]  # the form, and its value as `_plain` makes it


class _Constraints:
    """What the authorities so far allow: each list of permitted trees narrows, all excluded ones add up."""

    def __init__(self) -> None:
        self._permitted: dict[str, list[list[Any]]] = defaultdict(list)
        self._excluded: dict[str, list[Any]] = defaultdict(list)
        self._left = MAX_COMPARISONS

    def add(self, authority: ReadCertificate) -> None:
        """§6.1.4 (g)."""
        value = authority.asn1.name_constraints_value
        if value is None:
            return
        permitted: dict[str, list[Any]] = defaultdict(list)
        for form, base in _bases(value["permitted_subtrees"]):
            permitted[form].append(base)
        for form, bases in permitted.items():
            self._permitted[form].append(bases)
        for form, base in _bases(value["excluded_subtrees"]):
            self._excluded[form].append(base)

    def check(self, certificate: ReadCertificate) -> None:
        """§6.1.3 (b), (c): every name in each list of permitted trees of its form, none in an excluded tree."""
        for form, name in _names_of(certificate):
            for bases in self._permitted.get(form, ()):
                if not any(self._within(form, name, base) for base in bases):
                    raise RefusalError(RefusalKind.FOREIGN, f"a {form} outside the permitted names of its authority")
            if any(self._touches(form, name, base) for base in self._excluded.get(form, ())):
                raise RefusalError(RefusalKind.FOREIGN, f"a {form} among the excluded names of its authority")

    def _within(self, form: str, name: Any, base: Any) -> bool:
        self._count()
        checker = _WITHIN.get(form)
        if checker is None:
            # "The application MUST either process the constraint or reject the certificate."
            raise RefusalError(RefusalKind.FOREIGN, f"a constraint on names of the form {form}")
        return checker(name, base)

    def _touches(self, form: str, name: Any, base: Any) -> bool:
        """Whether the name, or a name that its wildcard stands for, is excluded."""
        if form == "dns_name" and name.startswith("*."):
            return self._within(form, name[2:], base) or self._within(form, base, name[2:])
        return self._within(form, name, base)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise RefusalError(RefusalKind.FOREIGN, "more names and constraints than are compared")


def check_name_constraints(path: Sequence[ReadCertificate]) -> None:
    """Refuse `foreign` if a name on the path is not allowed; `path` starts with the anchor, whose constraints
    count, and ends with the leaf."""
    if all(certificate.asn1.name_constraints_value is None for certificate in path[:-1]):
        return
    constraints = _Constraints()
    constraints.add(path[0])
    for certificate in path[1:]:
        # "Name constraints are not applied to self-issued certificates (unless the certificate is the final
        # certificate in the path)."
        if certificate is path[-1] or not certificate.is_self_issued:
            constraints.check(certificate)
        constraints.add(certificate)


def constrained_forms(path: Sequence[ReadCertificate]) -> frozenset[str]:
    """The forms of names that some authority of the path constrains."""
    values = [certificate.asn1.name_constraints_value for certificate in path[:-1]]
    trees = [
        value[field] for value in values if value is not None for field in ("permitted_subtrees", "excluded_subtrees")
    ]
    return frozenset(form for subtrees in trees for form, _base in _bases(subtrees))


def _bases(subtrees: Iterable[Any]) -> Iterator[_Name]:
    for subtree in subtrees or ():
        yield _plain(subtree["base"])


def _names_of(certificate: ReadCertificate) -> Iterator[_Name]:
    subject = certificate.asn1.subject
    if len(subject.chosen):
        yield "directory_name", _rdns(subject)
    alternative = certificate.asn1.subject_alt_name_value
    if alternative is not None:
        for name in alternative:
            yield _plain(name)
        return
    # "When constraints are imposed on the rfc822Name name form, but the certificate does not include a subject
    # alternative name, the rfc822Name constraint MUST be applied to the attribute of type emailAddress in the
    # subject distinguished name."
    for attributes in subject.chosen:
        for attribute in attributes:
            if attribute["type"].native == "email_address":
                yield "rfc822_name", attribute["value"].native


def _plain(name: Any) -> _Name:
    """The form and a value that compares: prepared RDNs, raw octets of an address, text of the rest. asn1crypto's
    own texts are decoded for people (IDNA, ranges), so the octets are taken."""
    form, chosen = name.name, name.chosen
    if form == "directory_name":
        return form, _rdns(chosen)
    if form in ("dns_name", "rfc822_name", "uniform_resource_identifier"):
        return form, chosen.contents.decode("latin-1")
    return form, chosen.contents if form == "ip_address" else chosen.dump()


def _rdns(name: Any) -> tuple[str, ...]:
    return tuple(attributes.hashable for attributes in name.chosen)


def _dns_within(name: str, base: str) -> bool:
    """ "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the
    name satisfies the name constraint." A wildcard is inside if all it stands for is."""
    name, base = name.removeprefix("*.").lower(), base.lower()
    return base in ("", name) or name.endswith("." + base)


def _host_within(host: str, base: str) -> bool:
    """URI and e-mail: a base with a leading period is a domain ("one or more labels"), another one host."""
    host, base = host.lower(), base.lower()
    return host.endswith(base) and len(host) > len(base) if base.startswith(".") else host == base


def _email_within(mailbox: str, base: str) -> bool:
    local, _, host = mailbox.rpartition("@")
    base_local, at, base_host = base.rpartition("@")
    if at:
        return local == base_local and host.lower() == base_host.lower()
    return _host_within(host, base)


def _uri_within(uri: str, base: str) -> bool:
    """A URI without an authority component, or whose host is an IP address: "then the application MUST reject the
    certificate." """
    host = urlsplit(uri).hostname or ""
    if not syntax.is_host(host) or host.rpartition(".")[2].isdigit():
        raise RefusalError(RefusalKind.FOREIGN, "a URI without a host name, under a constraint on URIs")
    return _host_within(host, base)


def _address_within(address: bytes, base: bytes) -> bool:
    """The base is an address and a mask of the same length (RFC 4632 style, found contiguous by the rules)."""
    size = len(address)
    if len(base) != 2 * size:
        return False
    return all((a & m) == (b & m) for a, b, m in zip(address, base[:size], base[size:], strict=True))


def _directory_within(name: tuple[str, ...], base: tuple[str, ...]) -> bool:
    return name[: len(base)] == base


_WITHIN: dict[str, Callable[[Any, Any], bool]] = {
    "directory_name": _directory_within,
    "dns_name": _dns_within,
    "rfc822_name": _email_within,
    "uniform_resource_identifier": _uri_within,
    "ip_address": _address_within,
}
