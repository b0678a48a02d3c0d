"""Forces are kept apart by the database itself: proved with the roles that the service really uses."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from service.storage.database import Database, Limits, Pools, plain_url, raw
from service.storage.roles import APP, APPLICATION_ROLES, StorageError, ensure_roles
from tests.support.postgres import Server, TestDatabase

KENT, ESSEX = 16, 11
ONE = Pools(app=Limits(connections=1))
FORCES_SEEN = text("select force from force_line order by force")  # deliberately without a WHERE


@pytest.fixture
async def two_forces(database: Database) -> Database:
    for force in (KENT, ESSEX):
        async with database.force(force) as tx:
            await tx.execute(text("insert into force_line (force) values (:force)"), {"force": force})
    return database


async def test_a_query_without_where_sees_only_its_own_force(two_forces: Database) -> None:
    for force in (KENT, ESSEX):
        async with two_forces.force(force) as tx:
            assert (await tx.scalars(FORCES_SEEN)).all() == [force]


async def test_without_a_force_there_are_no_rows(two_forces: Database) -> None:
    async with two_forces.app() as tx:
        assert (await tx.scalars(FORCES_SEEN)).all() == []


async def test_the_owner_too_sees_nothing_without_a_policy(two_forces: Database, server: Server) -> None:
    async with two_forces.owner() as tx:
        assert (await tx.scalars(FORCES_SEEN)).all() == []


async def test_a_row_for_another_force_is_refused(two_forces: Database) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with two_forces.force(KENT) as tx:
            await tx.execute(text("insert into force_line (force) values (40)"))


async def test_another_forces_row_cannot_be_changed_taken_or_given_away(two_forces: Database) -> None:
    async with two_forces.force(KENT) as tx:
        changed = await tx.execute(text("update force_line set head = 9 where force = :other"), {"other": ESSEX})
        assert changed.rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with two_forces.force(KENT) as tx:
            await tx.execute(text("update force_line set force = :other"), {"other": 40})


async def test_the_next_transaction_of_a_pooled_connection_starts_without_a_force(test_database: TestDatabase) -> None:
    database = await Database.connect(test_database.urls.service, pools=ONE)
    try:
        async with database.force(KENT) as tx:
            await tx.execute(text("insert into force_line (force) values (:force)"), {"force": KENT})
            backend = await tx.scalar(text("select pg_backend_pid()"))
        async with database.app() as tx:
            assert await tx.scalar(text("select pg_backend_pid()")) == backend
            assert (await tx.scalars(FORCES_SEEN)).all() == []
        async with database.force(ESSEX) as tx:
            assert (await tx.scalars(FORCES_SEEN)).all() == []
        async with database.force(KENT) as tx:
            assert (await tx.scalars(FORCES_SEEN)).all() == [KENT]
    finally:
        await database.close()


async def test_sessions_of_different_forces_do_not_disturb_each_other(two_forces: Database) -> None:
    async def look(force: int) -> list[int]:
        async with two_forces.force(force) as tx:
            await tx.execute(text("select pg_sleep(0.001)"))
            return list((await tx.scalars(FORCES_SEEN)).all())

    forces = [KENT, ESSEX] * 10
    assert await asyncio.gather(*(look(force) for force in forces)) == [[force] for force in forces]


async def test_reset_role_comes_back_to_the_application_role(two_forces: Database) -> None:
    async with two_forces.force(KENT) as tx:
        await tx.execute(text("reset role"))
        assert await tx.scalar(text("select current_user")) == APP
        assert (await tx.scalars(FORCES_SEEN)).all() == [KENT]


@pytest.mark.parametrize("leave", ["set role none", "set session role none", "reset session authorization"])
async def test_the_login_itself_may_do_nothing(two_forces: Database, leave: str) -> None:
    async with two_forces.force(KENT) as tx:
        await tx.execute(text(leave))
        if await tx.scalar(text("select current_user")) != APP:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await tx.execute(FORCES_SEEN)


async def test_a_role_left_in_one_transaction_does_not_linger_in_the_next(test_database: TestDatabase) -> None:
    database = await Database.connect(test_database.urls.service, pools=ONE)
    try:
        async with database.app() as tx:
            await tx.execute(text("set session role case_returns_judge"))
        async with database.app() as tx:
            assert await tx.scalar(text("select current_user")) == APP
    finally:
        await database.close()


@pytest.mark.parametrize("wanted", ["case_returns_owner", "pg_read_all_data"])
async def test_a_mightier_role_cannot_be_taken(two_forces: Database, wanted: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with two_forces.force(KENT) as tx:
            await tx.execute(text(f"set role {wanted}"))


async def test_row_security_cannot_be_switched_off(two_forces: Database) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):  # noqa: PT012
        async with two_forces.force(KENT) as tx:
            await tx.execute(text("set local row_security = off"))
            await tx.execute(FORCES_SEEN)


@pytest.mark.parametrize("table", ["case_version", "draft_case", "held_row", "finding", "aggregate_cell"])
async def test_the_national_role_reads_no_case(database: Database, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.national() as tx:
            await tx.execute(text(f"select 1 from {table}"))


async def test_national_and_judge_read_every_force_and_write_none(two_forces: Database) -> None:
    for role in (two_forces.national, two_forces.judge):
        async with role() as tx:
            assert (await tx.scalars(FORCES_SEEN)).all() == [ESSEX, KENT]
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with role() as tx:
                await tx.execute(text("update force_line set head = 1"))


async def test_the_application_cannot_write_the_order_of_changes(database: Database) -> None:
    for statement in ("update position set value = 0", "insert into change values (1, now(), 'x', null, null)"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.app() as tx:
                await tx.execute(text(statement))


async def test_rows_copied_in_reach_the_table_by_way_of_a_temporary_one(database: Database) -> None:
    async with database.force(KENT) as tx:
        await tx.execute(text("create temporary table staging (force smallint, head integer) on commit drop"))
        await (await raw(tx)).copy_records_to_table("staging", records=[(KENT, 3)], columns=["force", "head"])
        await tx.execute(text("insert into force_line (force, head) select force, head from staging"))
    async with database.force(KENT) as tx:
        assert (await tx.execute(text("select force, head from force_line"))).one() == (KENT, 3)


async def test_what_was_copied_is_undone_with_its_transaction(database: Database) -> None:
    async def copy_and_fail() -> None:
        async with database.owner() as tx:
            await tx.execute(text("create table kept (n integer)"))
            await (await raw(tx)).copy_records_to_table("kept", records=[(1,)], columns=["n"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await copy_and_fail()
    async with database.owner() as tx:
        assert await tx.scalar(text("select to_regclass('kept')")) is None


async def test_making_the_roles_again_changes_nothing_and_needs_no_right(test_database: TestDatabase) -> None:
    connection = await asyncpg.connect(plain_url(test_database.urls.service))
    try:
        for _ in range(2):
            await ensure_roles(connection, "case_returns_service")
        rows = await connection.fetch(
            "select rolname from pg_roles where rolname = any($1) and not (rolcanlogin or rolsuper or rolbypassrls)",
            list(APPLICATION_ROLES),
        )
        assert {row["rolname"] for row in rows} == set(APPLICATION_ROLES)
        with pytest.raises(StorageError, match=r"may not take on.*grant case_returns_app to"):
            await ensure_roles(connection, "case_returns_owner")
    finally:
        await connection.close()
