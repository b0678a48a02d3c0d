"""What deploy/README.md tells an operator to type at a database and to keep, done."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.contract.library import load_library
from service.migrations.migrate import migrate
from service.storage.database import Database
from service.storage.embedded import EmbeddedPostgres
from service.storage.roles import APPLICATION_ROLES
from tests.support.deployed import DEPLOY
from tests.support.postgres import asked_programs, memory, open_folder

OURS = ("case_returns_service", "case_returns_owner")


def as_login(url: str, login: str, database: str) -> str:
    """The same server, as another login with the password of the page, in another database."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:...@{host}", path=f"/{database}"))


async def test_the_two_logins_of_the_page_are_enough_to_migrate_and_to_serve() -> None:
    """On a server that has nothing of ours: what the embedded one was given at its start is taken away first."""
    (statements,) = re.findall(r"```sql\n(.*?)```", (DEPLOY / "README.md").read_text("utf-8"), re.DOTALL)
    with open_folder(inside=memory()) as folder:
        server = EmbeddedPostgres(folder / "data", programs=asked_programs(), durable=False)
        try:
            admin = server.start().admin
            assert admin is not None
            connection = await asyncpg.connect(as_admin(admin))
            try:
                await connection.execute('drop database if exists "case_returns" with (force)')
                for role in (*APPLICATION_ROLES, *OURS):
                    await connection.execute(f'drop role if exists "{role}"')
                for statement in filter(str.strip, statements.split(";")):
                    await connection.execute(statement)
            finally:
                await connection.close()
            owner, login = (as_login(admin, name, "case_returns") for name in reversed(OURS))
            done = await migrate(owner, login, load_library())
            assert done.before is None
            db = await Database.connect(login, owner_url=owner)
            try:
                async with db.app() as tx:
                    assert tx is not None
            finally:
                await db.close()
        finally:
            server.stop()


def as_admin(url: str) -> str:
    """The administrator in a database that is never dropped."""
    return urlunsplit(urlsplit(url)._replace(path="/template1"))
