"""``case-returns reconcile``: whether every stored figure is what the cases say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.contract.model import CodeList
    from service.returns.reconcile import Reconciled
    from service.settings import Settings


@click.command(epilog="Example: case-returns reconcile")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder [default: the settings say]."
)
@click.option("--scope", help="One scope edition alone [default: all that can have figures].")
def reconcile(data: Path | None, scope: str | None) -> None:
    """Check every stored figure of sealed returns against a full re-read of their cases, by digest.

    Exit status 1 where a return's figures are not what its cases say; each is named.
    """
    from service.cli.start import run
    from service.settings import read_settings

    found, forces = run(_reconciled(read_settings(data=None if data is None else data.absolute()), scope))
    for each in found.mismatches:
        click.echo(
            f"WRONG  {forces.by_ordinal[each.force].title}, return {each.return_id}, {each.edition}: {each.what}"
        )
    for number, says in (
        (found.not_judged, "not judged yet: case-returns rejudge"),
        (found.not_tallied, "not tallied, and will not be: the edition was superseded"),
    ):
        if number:
            click.echo(f"Figures of a return under an edition, {says}: {number:,}.", err=True)
    click.echo(f"{found.returns:,} returns under {', '.join(found.editions)}: {len(found.mismatches):,} mismatches.")
    click.echo(found.digest)
    if found.mismatches:
        raise SystemExit(1)


async def _reconciled(settings: Settings, scope: str | None) -> tuple[Reconciled, CodeList]:
    from service.cli.start import database, running_context
    from service.returns.reconcile import reconcile as reconciled

    async with database(settings) as db:
        context = await running_context(settings, db)
        return await reconciled(context, scope), context.forces
