"""How the pages are served: TLS in this process, or plain HTTP from the proxy that ends it."""

from typing import Any

from cheroot.wsgi import Server
from OpenSSL import SSL

from teacher_registry.config import Config, ConfigError
from teacher_registry.serving.embedded import embedded_server
from teacher_registry.serving.proxied import proxied_server
from teacher_registry.serving.tls import tls_context

__all__ = ["build_server"]


def build_server(config: Config, application: Any) -> Server:
    """A server, not yet bound: `prepare()` binds, `serve()` blocks, `stop()` ends it from another thread.

    `application` is WSGI. Raises `ConfigError` if the TLS files or the proxy's user cannot be used.
    """
    if config.proxy:
        return proxied_server(config, application)
    if isinstance(config.listen, str) or config.tls_certificate is None or config.tls_key is None:
        raise ConfigError("[registry] without a proxy an address, tls_certificate and tls_key are needed")
    try:
        known = [config.anchor, config.issuing, *([] if config.also is None else [config.also.issuing])]
        context = tls_context(config.tls_certificate, config.tls_key, known)
    except (OSError, SSL.Error) as error:
        raise ConfigError("[registry] tls_certificate, tls_key: cannot be used, or do not belong together") from error
    return embedded_server(config.listen, application, context)
