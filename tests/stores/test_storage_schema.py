"""The schema as it stands: no table with a force is left open, and migrating again changes nothing."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from sqlalchemy import text

from service.contract.fields import RESERVED, TAKEN
from service.contract.library import load_library
from service.contract.model import PartName, Role
from service.migrations.columns import wanted_columns
from service.migrations.migrate import HEAD, Migrated, migrate
from service.migrations.versions import pre_0001_first, pre_0002_scope_change, pre_0007_kept_once
from service.storage.database import Database, plain_url
from service.storage.embedded import Urls
from service.storage.roles import APPLICATION_ROLES, StorageError
from service.storage.schema import TYPED_TABLES
from tests.support.postgres import Server

_MIGRATIONS = (pre_0001_first, pre_0002_scope_change)
KEPT_ONCE = pre_0007_kept_once.FORCE_OWNED


def _tables(listed: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Those that are tables to this day, and those that came in their place."""
    return *(table for each in listed for table in each if table not in pre_0007_kept_once.VIEWS), *KEPT_ONCE


FORCE_OWNED = _tables(each.FORCE_OWNED for each in _MIGRATIONS)
NATIONAL_READS = _tables(each.NATIONAL_READS for each in _MIGRATIONS)
JUDGED = _tables([pre_0001_first.JUDGED])

PUBLIC = {"participation"}
"""Tables with a force of which every row is for everyone: who is expected to report is published in the terms."""

OUT_OF_REACH = text("""
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'force'
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not a.attisdropped
      and not has_any_column_privilege('case_returns_app', c.oid, 'select, insert, update')
      and not has_table_privilege('case_returns_app', c.oid, 'delete, truncate')
      and c.relrowsecurity""")

FORCE_TABLES = text("""
    select c.relname, c.relrowsecurity and c.relforcerowsecurity as secured,
           coalesce(bool_and(coalesce(p.qual, '') like '%app.force%'
                             and (p.cmd = 'SELECT' or coalesce(p.with_check, '') like '%app.force%'))
                    filter (where p.roles && array['case_returns_app', 'public']::name[]), false) as own_only
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'force' and not a.attisdropped
    left join pg_policies p on p.schemaname = 'public' and p.tablename = c.relname
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by c.oid""")


async def test_every_table_with_a_force_is_secured_or_out_of_reach(module_database: Database) -> None:
    async with module_database.owner() as tx:
        out_of_reach = set((await tx.scalars(OUT_OF_REACH)).all())
        tables = (await tx.execute(FORCE_TABLES)).all()
    assert {row.relname for row in tables} >= set(FORCE_OWNED)
    exempt = out_of_reach | PUBLIC
    assert [row.relname for row in tables if row.relname not in exempt and not (row.secured and row.own_only)] == []


async def test_only_the_listed_tables_are_read_across_forces(module_database: Database) -> None:
    async with module_database.owner() as tx:
        rows = await tx.execute(
            text("select tablename, roles from pg_policies where qual = 'true' and roles && :roles"),
            {"roles": ["case_returns_national", "case_returns_judge"]},
        )
        open_to = {(row.tablename, role) for row in rows for role in row.roles}
    listed = {(table, "case_returns_national") for table in (*NATIONAL_READS, "change")}
    listed |= {(table, "case_returns_judge") for table in (*JUDGED, "change")}
    proofs = {("audit_entry", "case_returns_national")}  # hashes alone, by a grant on columns
    assert open_to - proofs == listed


async def test_no_table_with_cases_is_granted_to_the_national_role(module_database: Database) -> None:
    typed_with_cases = [table for table, carries in TYPED_TABLES.items() if carries.value != "workforce"]
    async with module_database.owner() as tx:
        for table in typed_with_cases:
            may = await tx.scalar(
                text("select has_any_column_privilege('case_returns_national', :t, 'select')"), {"t": table}
            )
            assert not may, table


async def test_the_application_roles_own_nothing_and_may_make_nothing(module_database: Database) -> None:
    async with module_database.owner() as tx:
        owned = await tx.scalar(
            text("select count(*) from pg_class where pg_get_userbyid(relowner) = any(:roles)"),
            {"roles": list(APPLICATION_ROLES)},
        )
        makers = await tx.scalars(
            text("select r from unnest(cast(:roles as text[])) r where has_schema_privilege(r, 'public', 'create')"),
            {"roles": list(APPLICATION_ROLES)},
        )
        assert (owned, makers.all()) == (0, [])


async def test_no_view_runs_with_its_owners_rights(module_database: Database) -> None:
    async with module_database.owner() as tx:
        views = await tx.scalars(
            text(
                "select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace "
                "and not coalesce(reloptions::text[] @> array['security_invoker=true'], false)"
            )
        )
        assert views.all() == []


async def test_a_definer_function_fixes_its_search_path_and_is_not_for_everyone(module_database: Database) -> None:
    async with module_database.owner() as tx:
        functions = await tx.execute(
            text(
                "select proname, proconfig, has_function_privilege('public', oid, 'execute') as for_everyone "
                "from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
            )
        )
        for function in functions.all():
            assert any(setting.startswith("search_path=") for setting in function.proconfig or ()), function.proname
            assert not function.for_everyone, function.proname


async def test_typed_tables_carry_the_columns_of_all_contract_versions(module_database: Database) -> None:
    library = load_library()
    async with module_database.owner() as tx:
        for table, carries in TYPED_TABLES.items():
            rows = await tx.execute(
                text(
                    "select attname, format_type(atttypid, atttypmod) as sql_type from pg_attribute "
                    "where attrelid = cast(:t as regclass) and attnum > 0 and not attisdropped"
                ),
                {"t": table},
            )
            present = {row.attname: row.sql_type for row in rows}
            assert wanted_columns(library, carries).items() <= present.items()


@pytest.fixture
async def empty(server: Server) -> AsyncIterator[Urls]:
    """The URLs of a database in which nothing is yet."""
    name = f"empty_{secrets.token_hex(4)}"
    await server.create(name)
    yield server.at(name)
    await server.drop(name)


async def test_migrating_again_changes_nothing(empty: Urls, server: Server) -> None:
    first = await migrate(empty.owner, empty.service, load_library())
    assert first.before is None
    assert first.columns
    before = await _described(empty)
    again = await migrate(empty.owner, empty.service, load_library())
    assert again == Migrated(first.after, first.after, ())
    assert await _described(empty) == before


async def test_two_migrations_at_once_both_succeed_and_one_does_the_work(empty: Urls) -> None:
    both = await asyncio.gather(*(migrate(empty.owner, empty.service, load_library()) for _ in range(2)))
    assert sorted(bool(done.columns) for done in both) == [False, True]


async def test_migrating_again_does_not_wait_for_those_who_write(empty: Urls) -> None:
    await migrate(empty.owner, empty.service, load_library())
    database = Database(empty.service, owner_url=empty.owner)
    async with database.owner() as tx:
        await tx.execute(text("lock table case_version in row exclusive mode"))
        await migrate(empty.owner, empty.service, load_library())
    await database.close()


async def test_the_shared_references_of_every_contract_version_have_an_index(module_database: Database) -> None:
    roles = (contract.parts[PartName.CASE].by_role for contract in load_library().contracts.values())
    async with module_database.owner() as tx:
        indexes = await tx.execute(text("select indexdef from pg_indexes where tablename = 'case_version'"))
        found = set(indexes.scalars())
    for name in {each[Role.SHARED_REF].name for each in roles}:
        assert any(each.endswith(f"btree (force) WHERE ({name} IS NOT NULL)") for each in found)


async def test_a_column_of_another_type_stops_the_migration_and_is_left_as_it_is(empty: Urls) -> None:
    library = load_library()
    await migrate(empty.owner, empty.service, library)
    name = next(iter(wanted_columns(library, TYPED_TABLES["workforce_row"])))
    database = Database(empty.service, owner_url=empty.owner)
    async with database.owner() as tx:
        await tx.execute(text(f'alter table workforce_row alter "{name}" type text'))
    await database.close()
    with pytest.raises(StorageError, match=f"workforce_row.{name} is text, but the contracts need"):
        await migrate(empty.owner, empty.service, library)


async def test_a_user_who_may_not_make_tables_is_told(empty: Urls) -> None:
    with pytest.raises(StorageError, match="permission denied for schema public"):
        await migrate(empty.service, empty.service, load_library())


async def test_the_migration_runs_from_any_folder(empty: Urls, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from service.contract.library import load_library; "
        "from service.migrations.migrate import migrate; "
        "print(asyncio.run(migrate(sys.argv[1], sys.argv[2], load_library())).after)"
    )
    root = Path(__file__).parents[2]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, empty.owner, empty.service],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == HEAD


async def _described(urls: Urls) -> list[tuple[object, ...]]:
    """Everything that a migration could change: columns, policies, grants, functions."""
    database = Database(urls.service, owner_url=urls.owner)
    try:
        async with database.owner() as tx:
            rows = await tx.execute(
                text("""
                    select 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod)
                    from pg_attribute join pg_class c on c.oid = attrelid
                    where c.relnamespace = 'public'::regnamespace and attnum > 0
                    union all select 'policy', tablename, policyname, roles::text || coalesce(qual, '') from pg_policies
                    union all select 'grant', relname, relacl::text, relrowsecurity::text || relforcerowsecurity
                    from pg_class where relnamespace = 'public'::regnamespace
                    union all select 'function', proname, prosrc, proacl::text
                    from pg_proc where pronamespace = 'public'::regnamespace
                    order by 1, 2, 3, 4""")
            )
            return [tuple(row) for row in rows]
    finally:
        await database.close()


def test_the_url_of_a_login_is_what_the_driver_reads() -> None:
    assert plain_url("postgresql+asyncpg://u@h/d") == plain_url("postgres://u@h/d") == "postgresql://u@h/d"


async def test_no_field_can_be_called_as_a_column_that_a_table_has_already(module_database: Database) -> None:
    library = load_library()
    own: set[str] = set()
    async with module_database.owner() as tx:
        for table, carries in TYPED_TABLES.items():
            query = text("select attname from pg_attribute where attrelid = to_regclass(:t) and attnum > 0")
            present = set((await tx.scalars(query, {"t": table})).all())
            own |= present - set(wanted_columns(library, carries))
    assert own
    assert own <= TAKEN


async def test_no_field_can_be_called_as_a_word_that_sql_keeps_for_itself(module_database: Database) -> None:
    async with module_database.owner() as tx:
        kept = set((await tx.scalars(text("select word from pg_get_keywords() where catcode in ('R', 'T')"))).all())
    assert kept <= TAKEN | RESERVED
