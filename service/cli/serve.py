"""``case-returns serve``, ``migrate`` and ``doctor``: run the service, and look after what it runs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.settings import Settings
    from service.storage.database import Database
    from service.terms.check import Published
    from service.terms.model import Terms

_DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder [default: the settings say]."
)


@click.command(epilog="Example: case-returns serve --port 8080")
@_DATA
@click.option("--host", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on [default: 8000]; 0: any that is free.")
def serve(data: Path | None, host: str | None, port: int | None) -> None:
    """Run the service.

    With CASE_RETURNS_DATABASE_URL it uses that PostgreSQL, otherwise one of its own in the data folder. The database
    is brought to what this release needs, and the published terms are adopted where there are none.
    """
    from service.cli.start import run

    run(_serve(_settings(data, host, port)))


async def _serve(settings: Settings) -> None:
    from msgspec.structs import replace

    from service.app import create_app, parts_of
    from service.cli.start import connected, listen, observed, serve_until_told
    from service.clock import system_clock
    from service.storage.source import database_urls
    from service.terms.adopt import adopt
    from service.terms.check import load_published

    settings.data.mkdir(parents=True, exist_ok=True, mode=0o711)
    published = load_published(settings.contracts)
    listening = listen(settings.host, settings.port)
    settings = replace(settings, port=listening.getsockname()[1])
    with observed(settings):
        async with database_urls(settings) as urls, connected(settings, published, urls) as db:
            published, terms = await _terms(db, published)
            await adopt(db, published, terms, system_clock())
            app = create_app(replace(parts_of(settings, db, published, terms), judges=True))
            await serve_until_told(
                app,
                settings,
                listening,
                lambda: click.echo(f"Case Returns answers at {settings.url()}  (Ctrl-C ends it)"),
            )
    click.echo("Ended.", err=True)


async def _terms(db: Database, published: Published) -> tuple[Published, Terms]:
    """The terms to run under: those that were adopted last; in a new database the newest published ones.

    Adopted terms that are published no more (a demonstration's, say) hold on as they were adopted.
    """
    from types import MappingProxyType

    from msgspec.structs import replace

    from service.cli.start import adopted_terms

    adopted = await adopted_terms(db)
    newest = list(published.terms.values())[-1]
    if adopted is None or adopted.edition in published.terms:
        return published, newest
    return replace(published, terms=MappingProxyType({adopted.edition: adopted})), adopted


@click.command(epilog="Example: CASE_RETURNS_DATABASE_URL=postgresql://... case-returns migrate")
@_DATA
def migrate(data: Path | None) -> None:
    """Bring the database to what this release needs. Running it again is harmless."""
    from service.cli.start import run

    run(_migrate(_settings(data)))


async def _migrate(settings: Settings) -> None:
    from service.contract.library import load_library
    from service.migrations.migrate import migrate as brought
    from service.storage.source import database_urls

    async with database_urls(settings) as urls:
        done = await brought(urls.owner, urls.service, load_library(settings.contracts))
    before = done.before or "a new database"
    click.echo(f"Schema: {before} -> {done.after}. Columns added: {len(done.columns)}.")


@click.command(epilog="Example: case-returns doctor")
@_DATA
def doctor(data: Path | None) -> None:
    """Say whether this machine has what the service needs. Exit status 1 where something is missing."""
    from service.cli.start import run

    if not run(_examined(_settings(data))):
        raise SystemExit(1)


async def _examined(settings: Settings) -> bool:
    from collections.abc import Awaitable, Callable

    from service.errors import CaseReturnsError

    checks: list[tuple[str, Callable[[Settings], Awaitable[str]]]] = [
        ("contracts", _contracts_are_good),
        ("port", _port_is_free),
        ("database", _database_answers),
    ]
    good = True
    for name, check in checks:
        try:
            click.echo(f"good  {name}: {await check(settings)}")
        except CaseReturnsError as error:
            good = False
            click.echo(f"BAD   {name}: {error.says} {error.do}".rstrip())
    return good


async def _contracts_are_good(settings: Settings) -> str:
    from service.terms.check import load_published

    published = load_published(settings.contracts)
    return (
        f"{len(published.library.contracts)} versions, {len(published.scopes)} scope editions, "
        f"{len(published.terms)} terms"
    )


async def _port_is_free(settings: Settings) -> str:
    from service.cli.start import listen

    listen(settings.host, settings.port).close()
    return f"{settings.port} of {settings.host} is free"


async def _database_answers(settings: Settings) -> str:
    from service.storage.database import opened
    from service.storage.source import database_urls, embedded_of

    server = embedded_of(settings)
    if settings.database_url is None and not server.is_made():
        return f"none yet in {settings.data}; PostgreSQL {server.programs_here()} is here to run one"
    async with database_urls(settings, shared=True) as urls, opened(urls.service) as connection:
        version = await connection.fetchval("show server_version")
    where = "of your own" if settings.database_url is not None else f"embedded, in {settings.data}"
    return f"PostgreSQL {version}, {where}"


def _settings(data: Path | None, host: str | None = None, port: int | None = None) -> Settings:
    from service.settings import read_settings

    return read_settings(data=None if data is None else data.absolute(), host=host, port=port)
