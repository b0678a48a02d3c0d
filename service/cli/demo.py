"""``case-returns demo``: the whole service with a synthetic country, from nothing, on this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from threading import Event

    from service.app import Parts
    from service.demo.folder import Country
    from service.returns.context import Context
    from service.settings import Settings
    from service.storage.database import Database
    from service.terms.check import Published

_SHOWN_FIRST = "kent"
"""The force of the printed example, if it sends cases."""


@click.command(epilog="Example: case-returns demo --port 8080 --cases 6000")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder [default: the user's own].")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option("--cases", type=click.IntRange(0, 1_000_000), help="Size of the country [default: 61000]; 0: no return.")
@click.option("--no-serve", is_flag=True, help="Make everything ready, and end.")
@click.option("--story", is_flag=True, help="Play a change of scope, chapter by chapter; on a terminal Enter goes on.")
def demo(data: Path | None, port: int, cases: int | None, no_serve: bool, story: bool) -> None:
    """Run the whole service with a synthetic country, on this machine.

    Starts a PostgreSQL of its own in the data folder, adopts terms of reference for the last six months, makes a key
    for every force and for NCA and NPCC, loads six months of returns, and serves. A later start takes seconds.
    Everything in it is made up. With --story a change of scope is played over the API, from the picture under one
    definition to the answers of a force under the next; with --no-serve too, it ends when that is played, with exit
    status 1 where a chapter fails.
    """
    from service.cli.start import run

    run(_demo(data, port, cases, serving=not no_serve, story=story))


async def _demo(data: Path | None, port: int, cases: int | None, *, serving: bool, story: bool) -> None:
    from msgspec.structs import replace

    from service.cli.start import connected, observed
    from service.settings import read_settings
    from service.storage.embedded import embedded
    from service.storage.source import embedded_of
    from service.terms.check import load_published

    # on a terminal the log would run through the progress and the lines to paste: warnings alone, unless asked for
    asked = read_settings({"CASE_RETURNS_LOG_LEVEL": "warning", **os.environ})
    folder = (data or asked.data / "demo").absolute()
    settings = replace(
        asked, data=folder, host="127.0.0.1", port=port, base_url=None, database_url=None, migrate_url=None
    )
    _refuse_second(settings)
    listening = _listening(settings) if serving or story else None
    if listening is not None:
        settings = replace(settings, port=listening.getsockname()[1])
    published = load_published(settings.contracts)
    click.echo(f"A demonstration of Case Returns; its data is in {folder}", err=True)
    with observed(settings):
        async with embedded(embedded_of(settings)) as urls, connected(settings, published, urls) as db:
            country = await _country(db, folder, cases, published)
            parts = await _ready(settings, db, published, country)
            if listening is not None:
                await _serve(parts, country, listening, stays=serving, story=story)
    click.echo("Ended." if serving else "Ready.", err=True)


def _refuse_second(settings: Settings) -> None:
    from service.errors import Conflict
    from service.storage.source import embedded_of

    if embedded_of(settings).is_taken():
        raise Conflict(
            f"The data in {settings.data} is in use: a demonstration is running there already.",
            "Use that one, end it with Ctrl-C in its terminal, or name another folder with --data.",
            code="already-running",
        )


def _listening(settings: Settings) -> socket.socket:
    from service.cli.start import listen

    return listen(settings.host, settings.port)


async def _country(db: Database, folder: Path, cases: int | None, published: Published) -> Country:
    """The folder's country, or a new one as of today where the database is new."""
    from service.cli.start import adopted_terms
    from service.clock import london_date, system_clock
    from service.demo.folder import Country, forget_keys, read_country, write_country
    from service.demo.plan import CASES, SEED
    from service.demo.plan import plan as make_plan
    from service.demo.terms import demo_terms
    from service.errors import Conflict

    country = read_country(folder, cases=cases)
    adopted = await adopted_terms(db)
    if country is not None and adopted is not None:
        return country
    if adopted is not None:
        raise Conflict(
            f"The database in {folder} is not a demonstration's.", "Name another folder with --data.", code="not-a-demo"
        )
    now = system_clock()
    wanted = cases if cases is not None else country.cases if country is not None else CASES
    plan = make_plan(london_date(now), wanted, SEED)
    terms = demo_terms(published, plan)
    made = Country(
        day=plan.day, cases=plan.cases, seed=plan.seed, began=now, edition=terms.name, terms=terms.content, loaded=False
    )
    forget_keys(folder)
    write_country(folder, made)
    return made


async def _ready(settings: Settings, db: Database, published: Published, country: Country) -> Parts:
    """Terms adopted, keys made, returns loaded, and who may sign in."""
    from msgspec.structs import replace

    from service.app import parts_of
    from service.clock import system_clock
    from service.demo.folder import make_keys
    from service.demo.moments import adopted_at
    from service.demo.people import people_of
    from service.demo.terms import document_of, with_terms
    from service.identity.clients import Addresses
    from service.returns.context import context_of
    from service.terms.adopt import adopt

    plan = country.plan()
    published, terms = with_terms(published, document_of(country.edition, country.terms))
    context = context_of(db, published, terms, system_clock)
    await adopt(db, published, terms, adopted_at(plan))
    await make_keys(
        db, settings.data, Addresses(settings.url()), context.forces.by_code, terms.forces(), adopted_at(plan)
    )
    if not country.loaded:
        await _load(context, settings.data, country)
    return replace(
        parts_of(settings, db, published, terms), people=people_of(context.forces, terms.forces()), judges=True
    )


async def _load(context: Context, folder: Path, country: Country) -> None:
    """Every return that is not there yet; then the planner learns what the tables hold."""
    from sqlalchemy import text

    from service.cli.output import progress
    from service.demo.country import load_country
    from service.demo.folder import mark_loaded
    from service.demo.moments import sealings

    plan = country.plan()
    with progress(f"Loading {country.cases:,} synthetic cases of {len(plan.forces)} forces", "returns") as advance:
        await load_country(context, plan, sealings(plan, country.began), advance)
    async with context.db.owner() as tx:
        await tx.execute(text("analyze"))
    mark_loaded(folder, country)


async def _serve(parts: Parts, country: Country, listening: socket.socket, *, stays: bool, story: bool) -> None:
    from service.app import create_app
    from service.cli.start import serve_until_told
    from service.cli.walkthrough import places, walkthrough
    from service.clock import london_date
    from service.terms.calendar import period_of

    url, folder = parts.settings.url(), parts.settings.data
    period = str(period_of(london_date(parts.clock())))

    def ready() -> None:
        from service.demo.folder import keys_of

        keys = keys_of(folder)
        click.echo(places(url, folder, keys))
        if not story:
            click.echo("One return, from its opening to the national picture; paste it into another terminal:\n")
            click.echo(walkthrough(url, keys, _shown_force(country), period))

    def beside(ends: Event) -> bool:
        return _play(url, folder, country, period, ends, stays=stays)

    await serve_until_told(create_app(parts), parts.settings, listening, ready, beside if story else None)


def _play(url: str, folder: Path, country: Country, period: str, ends: Event, *, stays: bool) -> bool:
    """The story; whether the service goes on after it. A chapter that fails ends only what is not to stay."""
    import sys

    from service.cli.story import Ended, play
    from service.errors import CaseReturnsError, Conflict

    try:
        if not country.cases:
            raise Conflict("A country without cases has no story.", "Name another folder with --data.")
        waits = stays and sys.stdin.isatty() and sys.stdout.isatty()
        play(url, folder, country, _shown_force(country), period, ends, waits=waits)
    except Ended:
        return False
    except CaseReturnsError as error:
        if not stays:
            raise
        click.echo(f"The story stops here: {error}", err=True)
    return stays


def _shown_force(country: Country) -> str:
    from service.demo.plan import Mode

    forces = country.plan().by_force
    sending = [each.force for each in forces.values() if each.mode is Mode.CASES and not each.revised]
    return _SHOWN_FIRST if _SHOWN_FIRST in sending else sending[0]
