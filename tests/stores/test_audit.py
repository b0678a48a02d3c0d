"""The audit log on a real PostgreSQL: the function in SQL is the tree in Python, and tampering is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.audit import log
from service.audit.checkpoint import Checkpoint
from service.audit.entry import Entry, canonical_entry
from service.audit.log import Tampered
from service.audit.merkle import frontier_of, leaf_hash, root, verify_inclusion
from service.errors import NotFound
from service.storage.database import Database
from tests.support.postgres import TestDatabase

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ORIGIN = "returns.test/audit"

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
entries = st.builds(
    Entry,
    action=st.sampled_from(["return_sealed", "case_read", "client_added"]),
    actor=words.filter(bool),
    force=st.none() | st.integers(0, 62),
    subject=st.none() | words,
    position=st.none() | st.integers(0, 2**63 - 1),
    details=st.dictionaries(words, words | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=4),
)


def an_entry(number: int = 0) -> Entry:
    return Entry(action="return_sealed", actor="kent-1", force=31, subject=f"kent/{number}", details={"cases": number})


async def a_log(db: Database, size: int) -> Checkpoint:
    async with db.app() as tx:
        for number in range(size):
            await log.append(tx, an_entry(number), NOW)
        return await log.head(tx, ORIGIN)


async def verified(db: Database, *checkpoints: Checkpoint) -> Checkpoint:
    async with db.owner() as tx:
        return await log.verify(tx, ORIGIN, checkpoints)


@asynccontextmanager
async def superuser(database: TestDatabase) -> AsyncIterator[asyncpg.Connection]:
    """Someone who can do everything, triggers off."""
    connection = await asyncpg.connect(database.urls.admin)
    try:
        await connection.execute("set session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(entries, min_size=1, max_size=20))
async def test_the_database_appends_as_the_pure_functions_do(module_database: Database, texts: list[Entry]) -> None:
    async with module_database.app() as tx:
        before = await log.head(tx, ORIGIN)
    async with module_database.owner() as tx:
        leaves = list((await tx.execute(text("select leaf from audit_entry order by index"))).scalars())
    async with module_database.app() as tx:
        for number, entry in enumerate(texts):
            point = await log.append(tx, entry, NOW)
            leaf = leaf_hash(canonical_entry(entry, NOW))
            leaves.append(leaf)
            assert point.index == before.size + number
            assert point.head == root(frontier_of(leaves))
            verify_inclusion(leaf, point.index, point.index + 1, point.path, point.head)
    assert (await verified(module_database, before)).size == before.size + len(texts)


async def test_an_empty_log_is_verified(database: Database) -> None:
    assert (await verified(database)).size == 0


async def test_an_entry_of_a_transaction_that_failed_is_not_in_the_log(database: Database) -> None:
    await a_log(database, 2)
    with suppress(LookupError):
        async with database.app() as tx:
            await log.append(tx, an_entry(), NOW)
            raise LookupError
    assert (await verified(database)).size == 2


async def test_entries_of_many_at_once_stand_in_one_order(database: Database) -> None:
    async def one(number: int) -> int:
        async with database.app() as tx:
            return (await log.append(tx, an_entry(number), NOW)).index

    assert sorted(await asyncio.gather(*(one(number) for number in range(20)))) == list(range(20))
    assert (await verified(database)).size == 20


async def test_any_entry_is_proved_under_an_old_head_and_a_new_one(database: Database) -> None:
    old = await a_log(database, 5)
    await a_log(database, 6)
    async with database.national() as tx:
        for index in range(11):
            proof = await log.prove(tx, index)
            assert proof.size == 11
            verify_inclusion(proof.leaf, index, 11, proof.path, proof.head)
        proof = await log.prove(tx, 3, old.size)
        verify_inclusion(leaf_hash(canonical_entry(an_entry(3), NOW)), 3, 5, proof.path, old.root)
        for index, size in ((11, None), (-1, None), (5, 5), (0, 12)):
            with pytest.raises(NotFound):
                await log.prove(tx, index, size)


CHANGED = "update audit_entry set entry = convert_to(replace(convert_from(entry, 'UTF8'), 'kent', 'gwent'), 'UTF8')"
WITH_LEAF = "update audit_entry set leaf = sha256('\\x00'::bytea || entry) where index = 4"
MOVED = (
    "update audit_entry set index = 100 where index = 4; update audit_entry set index = 4 where index = 5;"
    "update audit_entry set index = 5 where index = 100"
)
COLUMNS = "at, position, actor, action, force, subject, details, entry, leaf, root"
INSERTED = (
    "update audit_entry set index = index + 101 where index >= 4;"
    "update audit_entry set index = index - 100 where index > 100;"
    f"insert into audit_entry (index, {COLUMNS}) select 4, {COLUMNS} from audit_entry where index = 2;"
    "update audit_head set size = size + 1"
)


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        pytest.param(f"{CHANGED} where index = 4", 4, id="changed"),
        pytest.param(f"{CHANGED} where index = 4; {WITH_LEAF}", 4, id="changed with its leaf"),
        pytest.param("update audit_entry set actor = 'essex-1' where index = 4", 4, id="one column changed"),
        pytest.param("update audit_entry set at = at + interval '1 s' where index = 4", 4, id="time changed"),
        pytest.param("update audit_entry set details = '{}' where index = 4", 4, id="details changed"),
        pytest.param("delete from audit_entry where index = 4", 4, id="removed"),
        pytest.param("delete from audit_entry where index = 8", 8, id="last removed"),
        pytest.param("delete from audit_entry", 0, id="all removed"),
        pytest.param(
            "delete from audit_entry where index = 4; update audit_entry set index = index - 1 where index > 4;"
            "update audit_head set size = size - 1",
            4,
            id="removed and closed up",
        ),
        pytest.param(MOVED, 4, id="reordered"),
        pytest.param(INSERTED, 4, id="inserted"),
        pytest.param(
            f"insert into audit_entry (index, {COLUMNS}) select 9, {COLUMNS} from audit_entry where index = 2",
            9,
            id="added at the end",
        ),
        pytest.param("update audit_entry set root = leaf where index = 4", 4, id="root changed"),
        pytest.param("update audit_head set root = sha256('x')", 8, id="head changed"),
    ],
)
async def test_what_a_superuser_tampered_with_is_named(test_database: TestDatabase, tampering: str, named: int) -> None:
    await a_log(test_database.db, 9)
    async with superuser(test_database) as connection:
        await connection.execute(tampering)
    with pytest.raises(Tampered) as caught:
        await verified(test_database.db)
    assert caught.value.index == named


async def test_a_log_rewritten_whole_is_found_by_an_archived_head(test_database: TestDatabase) -> None:
    archived = await a_log(test_database.db, 6)
    async with superuser(test_database) as connection:
        await connection.execute(
            "truncate audit_entry; update audit_head set size = 0, frontier = '{}', root = sha256('')"
        )
    async with test_database.db.app() as tx:
        for number in (0, 1, 99, 3, 4, 5):
            await log.append(tx, an_entry(number), NOW)
    assert (await verified(test_database.db)).size == 6
    with pytest.raises(Tampered):
        await verified(test_database.db, archived)


async def test_a_log_cut_short_is_found_by_an_archived_head(test_database: TestDatabase) -> None:
    shorter = await a_log(test_database.db, 3)
    archived = await a_log(test_database.db, 3)
    async with superuser(test_database) as connection:
        await connection.execute("delete from audit_entry where index > 2")
        await connection.execute(
            "update audit_head set size = 3, root = $1, frontier = "
            "(select array[sha256('\\x01' || a.leaf || b.leaf), c.leaf] "
            "from audit_entry a, audit_entry b, audit_entry c where (a.index, b.index, c.index) = (0, 1, 2))",
            shorter.root,
        )
    await verified(test_database.db, shorter)
    with pytest.raises(Tampered) as caught:
        await verified(test_database.db, shorter, archived)
    assert caught.value.index == 3


@pytest.mark.parametrize(
    "statement", ["select * from audit_entry", "select * from audit_head", "delete from audit_entry"]
)
@pytest.mark.parametrize("role", ["app", "national", "judge"])
async def test_no_role_reads_or_changes_an_entry(module_database: Database, role: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with getattr(module_database, role)() as tx:
            await tx.execute(text(statement))


@pytest.mark.parametrize(
    "statement", ["update audit_entry set actor = ''", "delete from audit_entry", "truncate audit_entry"]
)
async def test_not_even_the_owner_changes_an_entry(module_database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with module_database.owner() as tx:
            await tx.execute(text(statement))


@pytest.mark.parametrize(
    "broken",
    [{"subject": "a\x00b"}, {"details": {"a": "\ud800"}}, {"details": {"a": "x" * 70_000}}],
    ids=["NUL", "surrogate", "long"],
)
def test_what_the_database_could_not_keep_is_refused_before(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        canonical_entry(Entry(action="return_sealed", actor="kent-1", **broken), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("action", ["Return sealed", "", "return-sealed", "1st"])
def test_an_action_is_a_name(action: str) -> None:
    with pytest.raises(ValueError):
        Entry(action=action, actor="kent-1")
