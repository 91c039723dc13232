"""Building and bounding paths (RFC 5280 §6.1, RFC 4158)."""

from __future__ import annotations

from dataclasses import replace

from tests.teacher_registry.hostile import forge as f
from tests.teacher_registry.hostile.registry import Chain, accepted, refused


def length(value: int | None) -> list[f.Ext]:
    """A pathLenConstraint."""
    return [f.constraints(ca=True, length=value)]


def line(*lengths: int | None, anchor: int | None = None) -> Chain:
    """Root -> authorities with these path lengths -> leaf."""
    root = parent = f.root(instead=length(anchor))
    authorities = []
    for number, limit in enumerate(lengths):
        parent = f.authority(parent, subject=f.name(f"CA {number}"), instead=length(limit))
        authorities.append(parent)
    return Chain(f.leaf(parent), authorities, [root])


@refused("no issuer")
def an_anchor_of_another() -> Chain:
    """The chain is whole, and its root is not pinned."""
    root, other = f.root(), f.root(subject=f.name("另一个根"))
    authority = f.authority(root)
    return Chain(f.leaf(authority), [authority, root], [other])


@refused("no issuer")
def an_anchor_of_the_same_name() -> Chain:
    """Only the key tells them apart."""
    root = f.root()
    return Chain(f.leaf(root), [root], [f.root()])


@refused("no issuer")
def an_anchor_of_the_same_name_and_key_identifier() -> Chain:
    """Only the signature tells them apart."""
    root = f.root()
    double = f.root(instead=[f.subject_key(root.identifier)])
    return Chain(f.leaf(root), [], [double])


@refused("no issuer")
def a_missing_authority() -> Chain:
    """Nothing is fetched."""
    chain = line(None)
    return replace(chain, intermediates=[])


@refused("no issuer")
def a_self_signed_leaf() -> Chain:
    """It vouches for itself."""
    key = f.new_key()
    person = f.leaf(f.root(key=key, subject=f.name("自己")), key=key, subject=f.name("自己"))
    return Chain(person, [], [f.root()])


@refused("no issuer")
def the_anchor_as_leaf() -> Chain:
    """A pinned authority is no end of a path."""
    root = f.root()
    return Chain(root, [], [root])


@refused("no issuer")
def a_changed_octet() -> Chain:
    """ "The signature on the certificate can be verified." §6.1.3 (a) (1)"""
    chain = line(None)
    assert isinstance(chain.leaf, f.Forged)
    return replace(chain, leaf=chain.leaf.der.replace("试验小学".encode(), "试验大学".encode()))


@accepted()
def root_and_authority_swapped() -> Chain:
    """The authority is pinned, the root lies among the others: it is not needed."""
    root = f.root()
    authority = f.authority(root)
    return Chain(f.leaf(authority), [root], [authority])


@accepted()
def authorities_in_any_order_with_strangers() -> Chain:
    """Certificates that belong to nothing, and one that cannot be read."""
    chain = line(None, None)
    return replace(chain, intermediates=[b"\x30\x00", f.root(), *reversed(chain.intermediates), *chain.intermediates])


@accepted()
def path_length_zero_above_the_leaf() -> Chain:
    """ "A pathLenConstraint of zero indicates that no non-self-issued intermediate CA certificates may follow."
    §4.2.1.9"""
    return line(0)


@accepted()
def path_length_may_grow() -> Chain:
    """1 above 2: "verify that max_path_length is greater than zero", the smaller one counts. §6.1.4 (l), (m)"""
    return line(1, 2)


@refused("no valid path")
def path_length_zero_above_an_authority() -> Chain:
    """ "Verify that max_path_length is greater than zero and decrement max_path_length by 1." §6.1.4 (l)"""
    return line(0, 0)


@refused("no valid path")
def path_length_used_up() -> Chain:
    """1, 0, and one more."""
    return line(1, 0, 0)


@refused("no valid path")
def path_length_of_the_anchor() -> Chain:
    """An anchor given as a certificate brings its constraints (RFC 5937)."""
    return line(None, anchor=0)


@accepted()
def path_length_of_the_anchor_is_enough() -> Chain:
    """Ours: root 1, issuing 0."""
    return line(0, anchor=1)


@accepted()
def self_issued_authorities_do_not_count() -> Chain:
    """ "(l) If certificate i is not self-issued, verify that max_path_length is greater than zero." §6.1.4"""
    root = f.root()
    first = f.authority(root, instead=length(1))
    again = f.authority(first, subject=first.subject, instead=length(1))
    last = f.authority(again, subject=f.name("第三"), instead=length(0))
    return Chain(f.leaf(last), [first, again, last], [root])


@accepted()
def the_chain_of_pain() -> Chain:
    """A cross-certificate for the root, expired, must not hide the root itself."""
    root, old = f.root(), f.root(subject=f.name("旧根"))
    expired = f.authority(old, key=root.key, subject=root.subject, not_after=f.time(f.NOW - f.DAY / 2))
    return Chain(f.leaf(root), [expired], [root, old])


@accepted()
def a_knot_of_cross_certificates() -> Chain:
    """A, B and C certify each other; A is also the anchor (the shape of CVE-2024-0567)."""
    keys = {letter: f.new_key() for letter in "ABC"}
    pairs = [(x, y) for x in keys for y in keys if x != y]
    roots = {letter: f.root(key=key, subject=f.name(f"Root {letter}")) for letter, key in keys.items()}
    crossed = [f.authority(roots[y], key=keys[x], subject=roots[x].subject) for x, y in pairs]
    below = f.authority(roots["A"], subject=f.name("A1"))
    return Chain(f.leaf(below), [below, *crossed], [roots["A"]])


@refused("no issuer")
def a_circle_of_two() -> Chain:
    """Two authorities certify each other and nobody else does."""
    one, two = f.new_key(), f.new_key()
    first, second = f.root(key=one, subject=f.name("甲")), f.root(key=two, subject=f.name("乙"))
    crossed = [f.authority(second, key=one, subject=first.subject), f.authority(first, key=two, subject=second.subject)]
    return Chain(f.leaf(first), crossed, [f.root()])


@refused("no issuer")
def a_circle_of_one_name() -> Chain:
    """The same with one name and two keys."""
    one, two = f.new_key(), f.new_key()
    subject = f.name("同名")
    first, second = f.root(key=one, subject=subject), f.root(key=two, subject=subject)
    crossed = [f.authority(second, key=one, subject=subject), f.authority(first, key=two, subject=subject)]
    return Chain(f.leaf(first), crossed, [f.root()])


@refused("no path found with")
def two_hundred_issuers_of_one_name() -> Chain:
    """All say they issued the leaf, none did: each costs a signature, and that is bounded."""
    root = f.root()
    real = f.authority(root)
    crowd = [f.authority(root, instead=[f.subject_key(real.identifier)]) for _ in range(200)]
    return Chain(f.leaf(real), crowd, [root])


@accepted()
def two_hundred_issuers_of_one_name_and_the_right_one() -> Chain:
    """With its own key identifier the right one is found at once."""
    root = f.root()
    real = f.authority(root)
    crowd = [f.authority(root) for _ in range(200)]
    return Chain(f.leaf(real), [*crowd, real], [root])


@refused("intermediate certificates")
def a_thousand_certificates() -> Chain:
    """Refused by their number."""
    root = f.root()
    authority = f.authority(root)
    return Chain(f.leaf(authority), [authority] * 1000, [root])


@refused("no path found with")
def a_lattice_of_authorities() -> Chain:
    """Five storeys of five authorities, each certified by all above: 3,125 paths to a root that is not pinned."""
    storeys = [[f.new_key() for _ in range(5)] for _ in range(5)]
    above = [f.root(key=f.new_key(), subject=f.name("顶"))]
    certificates = []
    for number, keys in enumerate(storeys):
        plain = [f.root(key=key, subject=f.name(f"层 {number}")) for key in keys]
        certificates += [f.authority(parent, key=mine.key, subject=mine.subject) for parent in above for mine in plain]
        above = plain
    return Chain(f.leaf(above[0]), certificates, [f.root()])


@refused("more than 8 authorities")
def a_chain_of_nine_authorities() -> Chain:
    """Deeper than anyone needs."""
    return line(*[None] * 9)


@accepted()
def a_chain_of_eight_authorities() -> Chain:
    """As deep as it gets."""
    return line(*[None] * 8)


@refused("more than 8 authorities")
def a_chain_of_two_hundred_authorities() -> Chain:
    """All signatures good, and not followed."""
    return line(*[None] * 200)


@refused("breaks key-strong")
def a_malformed_authority_of_another_root() -> Chain:
    """Its key is DER of nothing; the path would end elsewhere anyway."""
    other = f.root(subject=f.name("另一个根"))
    broken = f.authority(other, spki=bytes.fromhex("3012300d06092a864886f70d01010105000301") + b"\0")
    return Chain(f.leaf(replace(broken, key=f.new_key())), [broken], [f.root()])
