"""``case-returns clients`` and ``token``: who may call the service, and a token to call it with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.output import FORMATS, as_csv, as_json, as_table

if TYPE_CHECKING:
    from service.settings import Settings

_DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder [default: the settings say]."
)


@click.group(
    epilog="Example: case-returns clients add 'Kent records' --force kent --permission returns:read --out k.json"
)
def clients() -> None:
    """Make, list and disable the clients that may call the service."""


@clients.command(epilog="Example: case-returns clients add Desk --body nca --permission national:read --out nca.json")
@click.argument("name")
@click.option("--force", help="The force that the client speaks for.")
@click.option("--body", type=click.Choice(["nca", "npcc"]), help="Or the body.")
@click.option("--permission", "permissions", multiple=True, required=True, help="Such as returns:write; repeat it.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Key file to write, once.")
@click.option("--url", help="Address of the service, for the key file [default: the settings say].")
@_DATA
def add(
    name: str,
    force: str | None,
    body: str | None,
    permissions: tuple[str, ...],
    out: Path,
    url: str | None,
    data: Path | None,
) -> None:
    """Make a client, and write its key to a file that only you can read. The key is kept nowhere else."""
    from service.errors import Conflict

    if (force is None) == (body is None):
        raise click.UsageError("A client speaks for one force or one body: give --force or --body.")
    if out.exists():
        raise Conflict(f"{out} is there already.", "Name another file: a key is never overwritten.")
    from service.cli.start import run

    run(_add(_settings(data, url), name, force, body, permissions, out))


async def _add(
    settings: Settings, name: str, force: str | None, body: str | None, permissions: tuple[str, ...], out: Path
) -> None:
    from service.cli.start import database, terms_of
    from service.clock import system_clock
    from service.identity.clients import Addresses, add_client, write_key
    from service.terms.check import load_published

    published = load_published(settings.contracts)
    async with database(settings) as db:
        terms = await terms_of(db)
        key = await add_client(
            db,
            name,
            force=force,
            body=body,
            permissions=permissions,
            addresses=Addresses(settings.url()),
            now=system_clock(),
            forces=published.library.lists[terms.force_list].by_code,
        )
    write_key(out, key)
    click.echo(f"{key.client_id}: its key is in {out}", err=True)


@clients.command("list", epilog="Example: case-returns clients list --format json")
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
@_DATA
def listed(form: str, data: Path | None) -> None:
    """Every client: for whom, what it may do, whether it is disabled."""
    from service.cli.start import run

    click.echo(run(_list(_settings(data), form)), nl=form != "csv")


async def _list(settings: Settings, form: str) -> str:
    from service.cli.start import database
    from service.clock import wire_time
    from service.identity.clients import list_clients

    async with database(settings) as db:
        found = await list_clients(db)
    rows: list[dict[str, str | int | None]] = [
        {
            "client_id": each.client_id,
            "name": each.name,
            "for": each.force or each.body,
            "permissions": " ".join(each.permissions),
            "created": wire_time(each.created),
            "disabled": None if each.disabled is None else wire_time(each.disabled),
        }
        for each in found
    ]
    columns = ("client_id", "name", "for", "permissions", "created", "disabled")
    if form == "json":
        return as_json(rows)
    return as_csv(columns, rows) if form == "csv" else as_table(columns, rows)


@clients.command(epilog="Example: case-returns clients disable kent-0123456789")
@click.argument("client_id")
@_DATA
def disable(client_id: str, data: Path | None) -> None:
    """Give a client no more tokens; those it has stop within half a minute."""
    from service.cli.start import run

    run(_disable(_settings(data), client_id))
    click.echo(f"{client_id} is disabled.", err=True)


async def _disable(settings: Settings, client_id: str) -> None:
    from service.cli.start import database
    from service.clock import system_clock
    from service.identity.clients import disable_client

    async with database(settings) as db:
        await disable_client(db, client_id, system_clock())


@click.command(epilog='Example: curl -H "Authorization: Bearer $(case-returns token --key kent.json)" URL')
@click.option("--key", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Key file.")
@click.option("--scope", help="Ask for these permissions only, with blanks between them.")
def token(key: Path, scope: str | None) -> None:
    """Print an access token, for curl. It works for some minutes."""
    import httpx

    from service.clock import system_clock
    from service.identity.client import fetch_token
    from service.identity.clients import read_key

    with httpx.Client(timeout=30) as http:
        click.echo(fetch_token(read_key(key), http, system_clock(), scope).value)


def _settings(data: Path | None, url: str | None = None) -> Settings:
    from service.settings import read_settings

    return read_settings(data=None if data is None else data.absolute(), base_url=url)
