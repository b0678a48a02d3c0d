"""The Merkle tree of RFC 6962 (section 2.1) over a log that only grows: pure functions of bytes, no I/O.

A log of n entries is kept as its *frontier*: the roots of the perfect subtrees that n is the sum of, largest first
(n = 13 = 8 + 4 + 1 gives three). Appending costs as many hashes as n has trailing one bits; the root folds the
frontier from the right. The SQL function ``audit_append`` does the same; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from service.errors import CaseReturnsError

HASH_SIZE = 32
"""Bytes of a SHA-256 digest. Every hash that comes in is measured before it is hashed again."""

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
"""Two prefixes, so that no entry can be made that hashes like an inner node (second preimage)."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a log without entries."""

Frontier = tuple[bytes, ...]
"""Roots of the perfect subtrees, largest first; as many as the size has one bits."""


class NotInLog(CaseReturnsError):
    """The proof does not lead from this entry to this root."""

    code = "not-in-log"


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of one entry's canonical bytes."""
    return sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two children; raises ValueError when one of them is not a digest."""
    return sha256(NODE_PREFIX + _digest(left) + _digest(right)).digest()


def append_leaf(size: int, frontier: Frontier, leaf: bytes) -> Frontier:
    """The frontier of ``size + 1`` entries, from that of ``size`` and the new leaf."""
    if len(frontier) != size.bit_count():
        raise ValueError(f"a log of {size} entries has {size.bit_count()} perfect subtrees, not {len(frontier)}")
    merged, rest = _digest(leaf), list(frontier)
    while size & 1:
        merged = node_hash(rest.pop(), merged)
        size >>= 1
    return (*rest, merged)


def root(frontier: Frontier) -> bytes:
    """The head of the log that this frontier stands for."""
    if not frontier:
        return EMPTY_ROOT
    folded = _digest(frontier[-1])
    for subtree in reversed(frontier[:-1]):
        folded = node_hash(subtree, folded)
    return folded


def frontier_of(leaves: Iterable[bytes]) -> Frontier:
    """The frontier of a whole log, leaf by leaf."""
    frontier: Frontier = ()
    for size, leaf in enumerate(leaves):
        frontier = append_leaf(size, frontier, leaf)
    return frontier


def newest_path(frontier_before: Frontier) -> tuple[bytes, ...]:
    """The inclusion path of an entry in the very tree that it completes: what stood before it, nearest first."""
    return tuple(reversed(frontier_before))


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The siblings from leaf ``index`` up to the root of exactly these leaves (RFC 6962, PATH)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no entry {index} in a log of {len(leaves)}")
    if len(leaves) == 1:
        return ()
    half = _largest_power_below(len(leaves))
    if index < half:
        return (*inclusion_path(leaves[:half], index), root(frontier_of(leaves[half:])))
    return (*inclusion_path(leaves[half:], index - half), root(frontier_of(leaves[:half])))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes) -> None:
    """Say nothing when entry ``index`` of the log of ``size`` entries with this head has this leaf; raise NotInLog."""
    if not 0 <= index < size:
        raise NotInLog(f"A log of {size} entries has no entry {index}.")
    if any(len(item) != HASH_SIZE for item in (leaf, head, *path)):
        raise NotInLog("A hash of this proof does not have 32 bytes.")
    computed, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise NotInLog("The proof is longer than the way to the root.")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    if last != 0 or computed != head:
        raise NotInLog(f"Entry {index} is not under this head of the log.")


def _digest(value: bytes) -> bytes:
    if len(value) != HASH_SIZE:
        raise ValueError(f"a digest has {HASH_SIZE} bytes, not {len(value)}")
    return value


def _largest_power_below(number: int) -> int:
    return 1 << ((number - 1).bit_length() - 1)
