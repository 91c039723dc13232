"""Looking at extensions by their kind, the same way for certificates and lists."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

from cryptography import x509

_Value = TypeVar("_Value", bound=x509.ExtensionType)


class WithExtensions(ABC):
    """Something that was parsed by cryptography, whose parser refuses an extension that stands twice."""

    @abstractmethod
    def _parsed_extensions(self) -> x509.Extensions:
        """All of them, in order."""

    @cached_property
    def extensions(self) -> Mapping[x509.ObjectIdentifier, x509.Extension[x509.ExtensionType]]:
        """Each OID stands once: the parser refused more."""
        return {extension.oid: extension for extension in self._parsed_extensions()}

    def value(self, kind: type[_Value]) -> _Value | None:
        """The extension of this kind, None if it is not there."""
        found = self.extensions.get(kind.oid)
        return found.value if found is not None and isinstance(found.value, kind) else None

    def critical(self, kind: type[x509.ExtensionType]) -> bool:
        """Whether the extension is there and marked critical."""
        found = self.extensions.get(kind.oid)
        return found is not None and found.critical
