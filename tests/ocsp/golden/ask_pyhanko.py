"""Posts a request as made by pyhanko-certvalidator, the library of the teacher registry: `ca.der leaf.der URL`."""

import sys
import urllib.request
from pathlib import Path

from asn1crypto import ocsp, x509
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.fetchers.common_utils import format_ocsp_request


def main() -> None:
    """Print the status in the answer."""
    ca, leaf = (x509.Certificate.load(Path(path).read_bytes()) for path in sys.argv[1:3])
    request = format_ocsp_request(leaf, AuthorityWithCert(ca), certid_hash_algo="sha1", request_nonces=True).dump()
    post = urllib.request.Request(sys.argv[3], request, {"Content-Type": "application/ocsp-request"})
    with urllib.request.urlopen(post) as reply:
        response = ocsp.OCSPResponse.load(reply.read())
    print(response.response_data["responses"][0]["cert_status"].name)


if __name__ == "__main__":
    main()
