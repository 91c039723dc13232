"""The tree against the definition in RFC 6962 §2.1, and against the vectors of the certificate-transparency project."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_service.domain import merkle

# The eight leaves and the roots over the first n of them that the reference implementations of RFC 6962 test with.
_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def _naive(leaves: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = _below(len(leaves))
    return hashlib.sha256(b"\x01" + _naive(leaves[:split]) + _naive(leaves[split:])).digest()


def _below(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def _naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH as RFC 6962 §2.1.1 defines it."""
    if len(leaves) == 1:
        return []
    split = _below(len(leaves))
    if index < split:
        return [*_naive_path(index, leaves[:split]), _naive(leaves[split:])]
    return [*_naive_path(index - split, leaves[split:]), _naive(leaves[:split])]


def _naive_subproof(first: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962 §2.1.2 defines it."""
    if first == len(leaves):
        return [] if whole else [_naive(leaves)]
    split = _below(len(leaves))
    if first <= split:
        return [*_naive_subproof(first, leaves[:split], whole=whole), _naive(leaves[split:])]
    return [*_naive_subproof(first - split, leaves[split:], whole=False), _naive(leaves[:split])]


def _nodes(leaves: Sequence[bytes]) -> merkle.Nodes:
    """Hashes as a store has them: complete subtrees only, and nothing of what is incomplete."""
    rows = [[merkle.leaf_hash(leaf) for leaf in leaves]]
    while len(rows[-1]) >> merkle.TILE:
        row, width = rows[-1], 1 << merkle.TILE
        rows.append([merkle.fold(row[at : at + width]) for at in range(0, len(row) // width * width, width)])

    def nodes(level: int, first: int, count: int) -> Sequence[bytes]:
        found = rows[level][first : first + count]
        assert len(found) == count
        return found

    return nodes


def _distinct(count: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(count)]


def test_roots_of_the_reference_vectors() -> None:
    for size, expected in enumerate(_ROOTS, 1):
        assert merkle.root(_nodes(_LEAVES), size).hex() == expected
    assert merkle.root(_nodes([]), 0).hex() == hashlib.sha256(b"").hexdigest()


def test_proofs_of_the_example_in_rfc_6962_2_1_3() -> None:
    """The tree of seven leaves: which nodes the named proofs consist of."""
    d = _LEAVES[:7]
    a, b, c, e = (merkle.leaf_hash(d[at]) for at in (0, 1, 2, 4))
    f, j = merkle.leaf_hash(d[5]), merkle.leaf_hash(d[6])
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, merkle.leaf_hash(d[3])), merkle.node_hash(e, f)
    k, el = merkle.node_hash(g, h), merkle.node_hash(i, j)
    nodes = _nodes(d)
    assert merkle.inclusion_proof(nodes, 0, 7) == [b, h, el]
    assert merkle.inclusion_proof(nodes, 3, 7) == [c, g, el]
    assert merkle.inclusion_proof(nodes, 4, 7) == [f, j, k]
    assert merkle.inclusion_proof(nodes, 6, 7) == [i, k]
    assert merkle.consistency_proof(nodes, 3, 7) == [c, merkle.leaf_hash(d[3]), g, el]
    assert merkle.consistency_proof(nodes, 4, 7) == [el]
    assert merkle.consistency_proof(nodes, 6, 7) == [i, j, k]


# 2^16 leaves need the third level; sizes around powers of two are where trees go wrong.
_SIZES = st.one_of(st.integers(1, 40), st.integers(250, 530), st.sampled_from([1023, 1024, 1025, 2049]))


@given(size=_SIZES, data=st.data())
def test_roots_and_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    leaves = _distinct(size)
    nodes, index, first = _nodes(leaves), data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert merkle.root(nodes, size) == _naive(leaves)
    assert merkle.inclusion_proof(nodes, index, size) == _naive_path(index, leaves)
    assert merkle.consistency_proof(nodes, first, size) == _naive_subproof(first, leaves, whole=True)


@given(size=_SIZES)
def test_a_growing_tree_has_the_roots_of_the_definition(size: int) -> None:
    growing = merkle.Growing()
    for leaf in _distinct(size):
        growing.add(merkle.leaf_hash(leaf))
    assert (growing.size, growing.root()) == (size, _naive(_distinct(size)))


def test_a_tree_of_three_levels_has_the_root_of_the_growing_one() -> None:
    leaves = _distinct((1 << 16) + 259)
    growing = merkle.Growing()
    for leaf in leaves:
        growing.add(merkle.leaf_hash(leaf))
    nodes = _nodes(leaves)
    assert merkle.root(nodes, len(leaves)) == growing.root()
    path = merkle.inclusion_proof(nodes, 70, len(leaves))
    merkle.check_inclusion(merkle.leaf_hash(leaves[70]), 70, path, size=len(leaves), root_hash=growing.root())
    assert list(merkle.full_tiles(len(leaves))) == [(1, 257), (2, 1)]


@given(size=_SIZES, data=st.data())
def test_a_proof_of_inclusion_proves_its_own_leaf_and_place_only(size: int, data: st.DataObject) -> None:
    leaves, index = _distinct(size), data.draw(st.integers(0, size - 1))
    nodes = _nodes(leaves)
    path, root = merkle.inclusion_proof(nodes, index, size), merkle.root(nodes, size)
    leaf = merkle.leaf_hash(leaves[index])
    merkle.check_inclusion(leaf, index, path, size=size, root_hash=root)
    other = merkle.leaf_hash(b"another")
    changes: list[dict[str, object]] = [
        {"leaf": other}, {"index": size}, {"index": -1}, {"path": [*path, other]}, {"root_hash": other},
    ]  # fmt: skip
    if path:
        changes += [{"path": path[:-1]}, {"path": [other, *path[1:]]}, {"index": (index + 1) % size}]
    right: dict[str, object] = {"leaf": leaf, "index": index, "path": path, "size": size, "root_hash": root}
    for change in changes:
        with pytest.raises(merkle.ProofError):
            merkle.check_inclusion(**right | change)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [2, 3, 7])
def test_an_inner_node_is_no_proof_for_a_larger_tree(size: int) -> None:
    """A path that ends below the top, against a "root" that is what it leads to."""
    leaf = merkle.leaf_hash(b"x")
    with pytest.raises(merkle.ProofError):
        merkle.check_inclusion(leaf, 0, [], size=size, root_hash=leaf)


@given(size=_SIZES, data=st.data())
def test_a_proof_of_consistency_proves_its_two_trees_only(size: int, data: st.DataObject) -> None:
    leaves, first = _distinct(size), data.draw(st.integers(1, size))
    nodes = _nodes(leaves)
    path = merkle.consistency_proof(nodes, first, size)
    old, new = merkle.root(nodes, first), merkle.root(nodes, size)
    merkle.check_consistency(first, size, path, first_root=old, second_root=new)
    other = merkle.leaf_hash(b"another")
    changes: list[dict[str, object]] = [
        {"first_root": other}, {"second_root": other}, {"path": [*path, other]}, {"first": 0}, {"first": size + 1},
    ]  # fmt: skip
    if path:
        changes += [{"path": path[:-1]}, {"path": [other, *path[1:]]}, {"path": []}]
    right: dict[str, object] = {"first": first, "second": size, "path": path, "first_root": old, "second_root": new}
    for change in changes:
        with pytest.raises(merkle.ProofError):
            merkle.check_consistency(**right | change)  # type: ignore[arg-type]


@given(size=st.integers(2, 600), data=st.data())
def test_two_continuations_of_one_beginning_have_no_proof(size: int, data: st.DataObject) -> None:
    common = data.draw(st.integers(1, size - 1))
    first = data.draw(st.integers(common + 1, size))
    leaves, forked = _distinct(size), [*_distinct(common), *(b"x" + leaf for leaf in _distinct(size)[common:])]
    path = merkle.consistency_proof(_nodes(forked), first, size)
    with pytest.raises(merkle.ProofError):
        merkle.check_consistency(
            first, size, path,
            first_root=merkle.root(_nodes(leaves), first), second_root=merkle.root(_nodes(forked), size),
        )  # fmt: skip


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_outside(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        merkle.inclusion_proof(_nodes(_distinct(size)), index, size)
