"""PKCS#10 requests (RFC 2986) whose signature is made elsewhere."""

from collections.abc import Callable

from asn1crypto import csr as pkcs10
from asn1crypto import keys, x509

from token_provisioning.attributes import KeyAlgorithm

_SIGNATURE_ALGORITHM = {
    # RFC 5758, 3.2: ECDSA has no parameters; RFC 4055, 5: RSA has NULL, which asn1crypto adds.
    KeyAlgorithm.EC_P256: "sha256_ecdsa",
    KeyAlgorithm.RSA_2048: "sha256_rsa",
}


def build_csr(spki: bytes, algorithm: KeyAlgorithm, *, common_name: str, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the DER request for `spki`, signed by `sign` (message -> X.509 signature value, SHA-256).

    The CA ignores the subject (docs/api.md); `common_name` only helps a person who reads a log.
    """
    info = pkcs10.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": x509.Name.build({"common_name": common_name}),
            "subject_pk_info": keys.PublicKeyInfo.load(spki),
            # RFC 2986, 4.1: attributes are not optional, an empty set is written.
            "attributes": pkcs10.CRIAttributes([]),
        }
    )
    request = pkcs10.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": {"algorithm": _SIGNATURE_ALGORITHM[algorithm]},
            "signature": sign(info.dump()),
        }
    )
    return bytes(request.dump())
