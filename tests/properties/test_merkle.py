"""The tree of the audit log: appended and folded as the plain definition of RFC 6962 has it, and proofs that bind."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audit.checkpoint import Checkpoint, parse_checkpoint, print_checkpoint
from service.audit.merkle import (
    EMPTY_ROOT,
    NotInLog,
    append_leaf,
    frontier_of,
    inclusion_path,
    leaf_hash,
    newest_path,
    node_hash,
    root,
    verify_inclusion,
)
from service.errors import Malformed

entries = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


@given(entries)
def test_the_frontier_folds_to_the_root_of_the_rfc(texts: list[bytes]) -> None:
    leaves = [leaf_hash(text) for text in texts]
    assert root(frontier_of(leaves)) == plain_root(leaves)


@given(entries, st.data())
def test_every_entry_is_proved_by_its_path(texts: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(text) for text in texts]
    index = data.draw(st.integers(0, len(leaves) - 1))
    verify_inclusion(leaves[index], index, len(leaves), inclusion_path(leaves, index), plain_root(leaves))


@given(entries)
def test_the_newest_entry_is_proved_by_the_frontier_before_it(texts: list[bytes]) -> None:
    *before, newest = [leaf_hash(text) for text in texts]
    frontier = frontier_of(before)
    path = newest_path(frontier)
    assert path == inclusion_path([*before, newest], len(before))
    head = root(append_leaf(len(before), frontier, newest))
    verify_inclusion(newest, len(before), len(before) + 1, path, head)


@given(entries, st.data())
def test_a_proof_holds_for_nothing_else(texts: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(text) for text in texts]
    size, head = len(leaves), plain_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(leaves, index)
    other = data.draw(st.integers(0, size).filter(lambda number: number != index))
    changed = sha256(leaves[index]).digest()
    for wrong in (
        (changed, index, size, path, head),
        (leaves[index], index, size, (*path, head), head),
        (leaves[index], index, size, path, changed),
        (leaves[index], size, size, path, head),
        (leaves[index], index, size, (b"short", *path), head),
    ):
        with pytest.raises(NotInLog):
            verify_inclusion(*wrong)
    if other < size and leaves[other] != leaves[index]:
        with pytest.raises(NotInLog):
            verify_inclusion(leaves[other], index, size, path, head)
    if path:
        with pytest.raises(NotInLog):
            verify_inclusion(leaves[index], index, size, path[1:], head)


def test_the_root_of_nothing_is_that_of_the_rfc() -> None:
    assert root(()) == EMPTY_ROOT == sha256(b"").digest()


def test_a_leaf_is_never_a_node() -> None:
    left, right = leaf_hash(b"left"), leaf_hash(b"right")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_what_is_not_a_digest_is_not_hashed() -> None:
    with pytest.raises(ValueError):
        node_hash(b"short", leaf_hash(b""))
    with pytest.raises(ValueError):
        append_leaf(3, (leaf_hash(b""),), leaf_hash(b""))


checkpoints = st.builds(
    Checkpoint,
    st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable() and text == text.strip()),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)


@given(checkpoints)
def test_a_checkpoint_reads_back_as_it_was_printed(checkpoint: Checkpoint) -> None:
    printed = print_checkpoint(checkpoint)
    assert printed.count("\n") == 3
    assert parse_checkpoint(printed) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\nAAAA\n",
        "a\n1\n" + "A" * 42 + "B=\n",
    ],
)
def test_what_was_not_printed_by_us_is_not_read(text: str) -> None:
    with pytest.raises(Malformed):
        parse_checkpoint(text)
