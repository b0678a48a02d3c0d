"""Whatever is sent, reading never fails in another way than in words, and never loses a row."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import resource
from collections.abc import AsyncIterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import CaseReturnsError, Malformed, TooLarge, Unavailable, UnsupportedMedia
from service.returns.readers import TypedBlock
from service.returns.spool import spool
from tests.support.files import CASE, a_record, as_csv, block_of, blocks_of

CELLS = st.one_of(
    st.sampled_from(
        ["", "CR/1", "identified", "2", "2+", "2014", "31/02/2014", "gang|sport", "kent;essex", "John Smith"]
    ),
    st.text(max_size=8),
    st.sampled_from(['"', '""', ",", ";", "\n", "\r", "\x00", "\ud7ff", "not_provided", "é"]),
)
NAMES = st.lists(st.sampled_from([field.name for field in CASE.fields] + ["", "x"]), max_size=6, unique=True)
CSV_LIKE = st.tuples(NAMES, st.lists(st.lists(CELLS, max_size=7), max_size=6)).map(
    lambda file: "\n".join(",".join(row) for row in [["case_ref", "stage", *file[0]], *file[1]]).encode()
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(
    st.sampled_from([field.name for field in CASE.fields]) | st.text(max_size=4), JSON_VALUES, max_size=5
).map(lambda values: {"case_ref": "CR/1", "stage": "identified", **values})
LINES = st.lists(OBJECTS.map(json.dumps) | JSON_VALUES.map(json.dumps) | st.text(max_size=6), max_size=5)


def check(content: bytes, kind: str) -> list[TypedBlock]:
    """Read, and see that every block is whole and every row is somewhere."""
    try:
        blocks = blocks_of(content, kind, block_rows=2)
    except CaseReturnsError:
        return []
    for block in blocks:
        count = len(block.rows)
        assert all(len(column) == count for column in block.values.values())
        assert len(block.empties) == len(block.originals) == count
        assert [block.originals[index] for index in range(count)] == list(block.originals)
        assert block.held <= set(range(count))
        holding = {finding.row for finding in block.findings if finding.severity.holds}
        assert {block.rows[index] for index in block.held} == holding & set(block.rows)
        for name, failed in block.failed.items():
            assert all(block.values[name][index] is None for index in failed)
        for held in block.unread:
            assert held.findings
    numbers = [row for block in blocks for row in sorted([*block.rows, *(held.row for held in block.unread)])]
    assert numbers == sorted(set(numbers))
    return blocks


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(str.encode) | CSV_LIKE,
    st.sampled_from(["csv", "ndjson", "json"]),
)
@example(b'case_ref,stage\n"', "csv")
@example(b"case_ref\n\xff\xfe\x00", "csv")
@example(b"\xff\xfe", "csv")
@example(b"[]]", "json")
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_in_words(content: bytes, kind: str) -> None:
    check(content, kind)


@given(CSV_LIKE)
@settings(max_examples=200, deadline=None)
def test_every_line_of_a_csv_file_is_in_some_row(content: bytes) -> None:
    blocks = check(content, "csv")
    kept = "".join(text for block in blocks for text in [*block.originals, *(held.text for held in block.unread)])
    lines = content.decode().replace("\x00", "\u2400").split("\n")[1:]
    pieces = {piece for line in lines for piece in line.replace("\r", "\n").split("\n")}
    assert not blocks or all(piece in kept for piece in pieces if piece.strip(' \t",\u00a0\u2007\u202f\ufeff;'))


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_every_line_of_ndjson_is_received_once(lines: list[str]) -> None:
    content = "\n".join(lines)
    blocks = check(content.encode(), "ndjson")
    rows = [line for line in content.encode().split(b"\n") if line and not line.isspace()]
    assert not blocks or sum(block.received for block in blocks) == len(rows)


@given(st.lists(OBJECTS, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_the_same_objects_say_the_same_as_lines_and_as_an_array(objects: list[dict[str, object]]) -> None:
    texts = [
        json.dumps(item, allow_nan=False, default=str)
        for item in json.loads(json.dumps(objects).replace("NaN", "1").replace("Infinity", "1"))
    ]
    lines, array = check("\n".join(texts).encode(), "ndjson"), check(f"[{','.join(texts)}]".encode(), "json")
    assert [(block.rows, block.values, block.findings) for block in lines] == [
        (block.rows, block.values, block.findings) for block in array
    ]


def test_blocks_of_any_size_say_the_same() -> None:
    records = [a_record(f"CR/{n}", suspect_count=str(n % 7) if n % 5 else "many") for n in range(500)]
    whole = block_of(as_csv(records))
    for size in (1, 7, 499):
        blocks = blocks_of(as_csv(records), block_rows=size)
        assert [row for block in blocks for row in block.rows] == whole.rows
        assert [finding for block in blocks for finding in block.findings] == whole.findings


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


CONTENT = [b"case_ref,stage\n", b"CR/1,identified\n" * 100_000]
DIGEST = hashlib.sha256(b"".join(CONTENT)).digest()


async def test_an_upload_is_counted_and_digested_and_can_be_read_again() -> None:
    header = f"sha-512=:AAAA:, sha-256=:{base64.b64encode(DIGEST).decode()}:"
    length = sum(map(len, CONTENT))
    with await spool(stream(*CONTENT), 10 << 20, content_length=length, content_digest=header) as received:
        assert (received.length, received.digest) == (length, DIGEST)
        assert b"".join(received.chunks()) == b"".join(received.chunks(1000)) == b"".join(CONTENT)


@pytest.mark.parametrize(
    ("announced", "error", "code"),
    [
        ({"content_length": 2_000_000}, Malformed, "upload-cut-short"),
        ({"content_digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}, Malformed, "digest-differs"),
        ({"content_digest": "sha-256=:AAAA:"}, Malformed, "bad-digest"),
        ({"content_encoding": "gzip"}, UnsupportedMedia, "unsupported-media"),
        ({"content_length": 3 << 20}, TooLarge, "too-large"),
    ],
)
async def test_an_upload_that_is_not_what_was_announced_is_refused(
    announced: dict[str, object], error: type[CaseReturnsError], code: str
) -> None:
    with pytest.raises(error) as refused:
        await spool(stream(*CONTENT), 2 << 20, **announced)  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_an_upload_over_the_limit_is_stopped_on_its_way() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 20)
            await asyncio.sleep(0)

    with pytest.raises(TooLarge):
        await spool(endless(), 5 << 20)


async def test_a_connection_that_is_cut_leaves_nothing() -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield b"case_ref"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await spool(cut(), 5 << 20)


async def test_a_full_disk_is_the_services_trouble_and_passes() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(Unavailable) as refused:
            await spool(stream(*CONTENT), 10 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.code == "disk-full"
