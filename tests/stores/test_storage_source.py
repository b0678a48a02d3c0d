"""Which PostgreSQL the settings mean."""

from __future__ import annotations

from service.settings import read_settings
from service.storage.database import Database
from service.storage.embedded import Urls
from service.storage.source import database_urls, embedded_of, pools_of
from tests.support.postgres import asked_programs, memory, open_folder


async def test_without_a_url_the_embedded_server_runs_for_the_block() -> None:
    with open_folder(inside=memory()) as folder:
        settings = read_settings({}, data=folder, postgres_bin=asked_programs(), app_connections=3)
        async with database_urls(settings) as urls:
            database = Database(urls.service, owner_url=urls.owner, pools=pools_of(settings))
            async with database.owner():
                pass
            await database.close()
            assert embedded_of(settings).data == folder / "postgres"
        assert not list((folder / "postgres" / "cluster").glob("postmaster.pid"))


async def test_a_url_means_that_server_and_its_user_owns_the_schema_unless_another_is_named() -> None:
    environment = {"CASE_RETURNS_DATABASE_URL": "postgresql://service@h/d"}
    async with database_urls(read_settings(environment)) as urls:
        assert urls == Urls(service="postgresql://service@h/d", owner="postgresql://service@h/d")
    environment["CASE_RETURNS_MIGRATE_URL"] = "postgresql://owner@h/d"
    async with database_urls(read_settings(environment)) as urls:
        assert urls.owner == "postgresql://owner@h/d"


def test_pools_are_as_large_as_the_settings_say() -> None:
    pools = pools_of(read_settings({"CASE_RETURNS_JUDGE_CONNECTIONS": "1"}))
    assert (pools.app.connections, pools.judge.connections) == (12, 1)
