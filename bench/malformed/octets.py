"""Octets that somebody has been at: seeded wounds to a valid original."""

from random import Random

_TELLING = (0x00, 0x30, 0x31, 0x7F, 0x80, 0x84, 0xFF, 0x22, 0x0A)


def wounded(rng: Random, original: bytes, *, most: int = 4) -> bytes:
    """The original with one or more octets changed, cut out, put in, doubled, or its end missing."""
    data = bytearray(original)
    for _ in range(rng.randrange(1, most + 1)):
        at, length = rng.randrange(len(data) + 1), rng.randrange(40)
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] = rng.choice(_TELLING)
            case 1 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 4:
                data[at:at] = data[at : at + length]
            case _ if rng.random() < 0.3:
                del data[at:]
    return bytes(data)
