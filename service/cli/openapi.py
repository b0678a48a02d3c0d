"""``case-returns openapi``: the document that clients are written against."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.output import as_json


@click.command(epilog="Example: case-returns openapi > openapi.json")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file [default: standard output].")
def openapi(out: Path | None) -> None:
    """Print the OpenAPI document of the API, as /api/openapi.json has it."""
    import tempfile

    from service.app import create_app, openapi_of, parts_of
    from service.settings import Settings
    from service.storage.database import Database
    from service.terms.check import load_published

    published = load_published()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        database = Database("postgresql://nobody@localhost/none")  # never asked: no route is called
        parts = parts_of(settings, database, published, list(published.terms.values())[-1])
        document = as_json(openapi_of(create_app(parts)))
    if out is None:
        click.echo(document)
    else:
        out.write_text(document + "\n", encoding="utf-8")
