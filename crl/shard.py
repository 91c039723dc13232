"""Which shard of the CRL a certificate belongs to."""

from .errors import ImpossibleCrl


def shard_of(serial: int, shards: int) -> int:
    """Return the certificate's shard, 0..shards-1.

    The shard's URL is written into the certificate when it is issued, so the answer is for ever. Where `shards` is
    raised later, the certificates of before stay in the shard that they name, and whoever keeps them must remember it.
    """
    if shards < 1:
        raise ImpossibleCrl("a CRL has at least one shard")
    return serial % shards
