"""``case-returns openapi``: the document that clients are written against."""

from __future__ import annotations

import difflib
import sys
from itertools import islice
from pathlib import Path

import click

from service.cli.output import as_json

COMMITTED = Path("openapi/openapi.json")
"""Where the repository keeps it, from its root."""


@click.command(epilog="Example: case-returns openapi > openapi.json")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file [default: standard output].")
@click.option("--check", is_flag=True, help=f"Say whether {COMMITTED} (or --out) is this document; exit 1 where not.")
def openapi(out: Path | None, check: bool) -> None:
    """Print the OpenAPI document of the API, as /api/openapi.json has it."""
    document = printed()
    if check:
        _compare(out or COMMITTED, document)
    elif out is None:
        click.echo(document, nl=False)
    else:
        out.write_text(document, encoding="utf-8")


def printed() -> str:
    """The document as it is committed, with the line end of its last line. No database is asked."""
    import tempfile

    from service.api.description import openapi_of
    from service.app import create_app, parts_of
    from service.settings import Settings
    from service.storage.database import Database
    from service.terms.check import load_published

    published = load_published()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        database = Database("postgresql://nobody@localhost/none")  # never asked: no route is called
        parts = parts_of(settings, database, published, list(published.terms.values())[-1])
        return as_json(openapi_of(create_app(parts))) + "\n"


def _compare(file: Path, document: str) -> None:
    """Ends with 1, the first lines that differ and what to do, where the file is not the document."""
    kept = file.read_text("utf-8") if file.exists() else ""
    if kept == document:
        click.echo(f"{file} is current.")
        return
    changes = difflib.unified_diff(kept.splitlines(), document.splitlines(), str(file), "the code", lineterm="", n=1)
    click.echo("\n".join(islice(changes, 40)), err=True)
    click.echo(f"{file} is not what the code says. Write it anew: uv run case-returns openapi --out {file}", err=True)
    sys.exit(1)
