"""nginx before the console."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ca_service.wiring import Wiring
from tests.road.world import Ports, wait_for


@contextmanager
def nginx(folder: Path, wiring: Wiring, upstream: str) -> Iterator[str]:
    """A real nginx before the console, as docs/operations.md says."""
    service, port = wiring.config.service, Ports.free().console
    (folder / "ca.pem").write_text(
        "".join(map(ssl.DER_cert_to_PEM_cert, wiring.ca_certificates().values())), encoding="ascii"
    )
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; master_process off; pid {folder}/pid; error_log stderr error;
        events {{}}
        http {{
          access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
          uwsgi_temp_path {folder}; scgi_temp_path {folder};
          server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {wiring.config.path(service.tls_certificate)};
            ssl_certificate_key {wiring.config.path(service.tls_key)};
            ssl_client_certificate {folder}/ca.pem;  ssl_verify_client optional;  ssl_verify_depth 2;
            location / {{
              proxy_set_header X-Forwarded-For $remote_addr;
              proxy_set_header X-Client-Certificate $ssl_client_escaped_cert;
              proxy_pass {upstream};  proxy_set_header Host $http_host;
            }}
          }}
        }}
        """,
        encoding="ascii",
    )
    server = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        wait_for(lambda: _listening(port), what="nginx")
        yield f"https://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
