"""Measures the figures and prints them; ``--write`` puts the table into ``benchmarks/README.md``.

uv run --group benchmarks python -m benchmarks            all of them
uv run --group benchmarks python -m benchmarks scope      one
"""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import click
import uvloop

from benchmarks.harness import Figure, machine
from service.app import settle_interpreter

MODULES: Final = (
    "seal",
    "checks",
    "scope",
    "simulate",
    "rejudge",
    "picture",
    "ndjson",
    "mess",
    "workbooks",
    "offline",
    "evaluator",
)
"""In the order of the table. Each has ``measure(pairs: int, scale: float)``, which gives figures; async or not."""

README: Final = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks --write -->", "<!-- end of what was measured -->"


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(MODULES))
@click.option("--pairs", default=5, show_default=True, help="How many pairs each ratio is the median of.")
@click.option("--scale", default=1.0, show_default=True, help="A fraction of the rows, to try a benchmark out.")
@click.option("--write", is_flag=True, help="Write the table into benchmarks/README.md.")
def main(names: Sequence[str], pairs: int, scale: float, write: bool) -> None:
    settle_interpreter()  # as in the server, and on its loop
    state = machine()
    click.echo(state)
    figures: list[Figure] = []
    for name in names or MODULES:
        for figure in _measured(importlib.import_module(f"benchmarks.{name}").measure, pairs, scale):
            figures.append(figure)
            click.echo(_line(figure))
    if write:
        if scale != 1:
            raise click.UsageError("What is written is measured at full size: leave --scale out.")
        _write(figures, state, pairs)


def _measured(
    measure: Callable[[int, float], Sequence[Figure] | Coroutine[Any, Any, Sequence[Figure]]], pairs: int, scale: float
) -> Sequence[Figure]:
    found = measure(pairs, scale)
    return uvloop.run(found) if isinstance(found, Coroutine) else found


def _line(figure: Figure) -> str:
    verdict = "reached" if figure.reached else "MISSED"
    spread = f"[{figure.low:.2f} to {figure.high:.2f}]"
    note = f"; {figure.note}" if figure.note else ""
    return (
        f"{verdict:8}{figure.value:8.2f} {figure.bound.unit:3} {spread}, {figure.bound}: "
        f"{figure.what} ({figure.ours} : {figure.peer}){note}"
    )


def _write(figures: Sequence[Figure], state: str, pairs: int) -> None:
    rows = [
        f"| {each.what} | {each.bound} | **{each.value:.2f}** ({each.low:.2f} to {each.high:.2f}) | "
        f"{each.ours} : {each.peer} | {'yes' if each.reached else '**no**'} |"
        for each in figures
    ]
    table = [
        f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d} on {state}. Medians of {pairs} pairs; the lowest "
        "and the highest in brackets.",
        "",
        "| what | to reach | measured | medians of the two sides | reached |",
        "|---|---|---|---|---|",
        *rows,
    ]
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n" + "\n".join(table) + f"\n{END}{after}")


if __name__ == "__main__":
    main()
