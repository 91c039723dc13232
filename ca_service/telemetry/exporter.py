"""`/metrics` over HTTP, on an address of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from ca_service.domain.errors import Unavailable
from ca_service.domain.health import Health
from ca_service.telemetry.meter import PrometheusMeter
from ca_service.telemetry.state import StateCollector


@contextmanager
def exporting(address: tuple[str, int], meter: PrometheusMeter, health: Callable[[], Health]) -> Iterator[None]:
    """Answer scrapes in threads until the block ends; raise Unavailable where the address cannot be had."""
    host, port = address
    registry = meter.scraped
    registry.register(StateCollector(health))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise Unavailable(
            f"指标地址 {host}:{port} 无法使用（{error.strerror}）：请停止占用它的程序，或修改 [service] metrics。"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
