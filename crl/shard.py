"""Which shard of the CRL a certificate belongs to."""

from .errors import ImpossibleCrl


def shard_of(serial: int, shards: int) -> int:
    """Return the certificate's shard, 0..shards-1.

    The shard's URL is written into the certificate, so it follows from the serial number alone and `shards`
    must stay what it was for as long as a certificate of that issuer lives.
    """
    if shards < 1:
        raise ImpossibleCrl("a CRL has at least one shard")
    return serial % shards
