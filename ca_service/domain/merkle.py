"""The Merkle tree over the audit log, by the book (RFC 6962 §2.1, RFC 9162 §2.1); no I/O.

A leaf is the chain hash of one entry, which covers every field of the entry and all entries before it. Hashes of
complete subtrees of 2^8, 2^16, 2^24 ... leaves are kept (`TILE`), so that no root or proof reads more than 255 hashes
of one level for each level: a tree of 10^8 entries has four.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

TILE = 8
"""Each level of kept hashes stands for 2^8 times as many leaves as the one below; level 0 are the leaves."""

EMPTY = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int, int], Sequence[bytes]]
"""(level, first, how many) -> so many hashes of that level in order; level 0 are leaf hashes."""


class ProofError(Exception):
    """A proof does not lead from what it is about to the root: nothing is proven."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; its prefix keeps a node from being passed off as a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 with the prefix 0x01 (RFC 6962 §2.1), so that no leaf passes for a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree, given 2^k hashes of one height."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def root(nodes: Nodes, size: int) -> bytes:
    """MTH(D[size]) of RFC 6962 §2.1; the hash of nothing for an empty tree."""
    return _range_hash(nodes, 0, size) if size else EMPTY


def inclusion_proof(nodes: Nodes, index: int, size: int) -> Sequence[bytes]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1, from the leaf upwards; `index` counts from 0."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(nodes, middle, end))
            end = middle
        else:
            path.append(_range_hash(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, first: int, second: int) -> Sequence[bytes]:
    """PROOF(first, D[second]) of RFC 6962 §2.1.2."""
    if not 0 < first <= second:
        raise ValueError("the first tree is no part of the second")
    path, start, end = [], 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range_hash(nodes, middle, end))
            end = middle
        else:
            path.append(_range_hash(nodes, start, middle))
            start = middle
    # The old tree's own root is what the verifier holds already; any other complete subtree is told.
    return [*([_range_hash(nodes, start, end)] if start else []), *path[::-1]]


def check_inclusion(leaf: bytes, index: int, path: Sequence[bytes], *, size: int, root_hash: bytes) -> None:
    """Raise ProofError unless the leaf hash stands at this place of the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError("the index lies beyond the tree")
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("the path is too long")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last != 0 or found != root_hash:
        raise ProofError("the path does not lead to the root")


def check_consistency(first: int, second: int, path: Sequence[bytes], *, first_root: bytes, second_root: bytes) -> None:
    """Raise ProofError unless the first tree is a prefix of the second (RFC 9162 §2.1.4.2)."""
    if not 0 < first <= second:
        raise ProofError("the first tree is empty or the larger one")
    if first == second:
        if path or first_root != second_root:
            raise ProofError("two trees of one size differ")
        return
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        raise ProofError("the path is too short")
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError("the path is too long")
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    if last != 0 or old != first_root or new != second_root:
        raise ProofError("the path does not lead to both roots")


class Growing:
    """A tree to which leaves are added one by one, in O(log n) memory: only complete subtrees are held."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """The next leaf, hashed already; O(log n) node hashes at the most."""
        rest = self.size
        while rest & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            rest >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """MTH of the leaves so far (RFC 6962 §2.1)."""
        if not self._peaks:
            return EMPTY
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found


def full_tiles(size: int) -> Iterator[tuple[int, int]]:
    """(level, how many) of the hashes that are kept beside a tree of this size, lowest level first."""
    level, count = 1, size >> TILE
    while count:
        yield level, count
        level, count = level + 1, count >> TILE


def _split(size: int) -> int:
    """The largest power of two smaller than the size."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_hash(nodes: Nodes, start: int, end: int) -> bytes:
    """MTH(D[start:end]) for a range that occurs in a tree, that is one whose start is a multiple of its width."""
    size = end - start
    if size & (size - 1) == 0:
        level, rest = divmod(size.bit_length() - 1, TILE)
        return fold(nodes(level, start >> (TILE * level), 1 << rest))
    middle = start + _split(size)
    return node_hash(_range_hash(nodes, start, middle), _range_hash(nodes, middle, end))
