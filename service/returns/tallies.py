"""Reads what a sealed return counts to under one scope edition, as it was kept at the seal or judged since."""

from __future__ import annotations

from typing import Any

import msgspec

from service.clock import london_date, wire_time
from service.errors import NotFound
from service.returns.context import Context
from service.returns.edition_asked import edition_asked
from service.returns.model import Sealed
from service.returns.receipt import tally_document
from service.returns.summary import verdict_counts
from service.tally.store import load_tally


async def tally_of_return(context: Context, item: Sealed, scope: str | None) -> dict[str, Any]:
    """The tally under an edition, or (None) under the one in force; with its cells by stage, and when it was sealed."""
    async with context.db.force(item.force) as tx:
        standing = await edition_asked(context, tx, scope)
        tally = await load_tally(tx, force=item.force, return_id=item.id, edition=standing.id)
    if tally is None:
        raise NotFound(
            f"This return has no tally under {standing.edition.name}.",
            "Tallies are kept under editions that are in force, proposed or still tallied when a return is sealed."
            if standing.is_tallied(london_date(context.now()))
            else "The edition is not tallied any more; ask under one that is.",
            code="no-tally",
        )
    vocabulary = context.library.contracts[standing.edition.vocabulary]
    return {
        **msgspec.to_builtins(tally_document(standing, tally)),
        "as_of": {"position": item.sealed_position, "at": wire_time(item.sealed_at)},
        "cells": [_ranged(cell) for cell in verdict_counts(vocabulary, tally)["by_stage"]],
    }


def _ranged(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with the range that it spans."""
    return {**cell, "least": cell["in_scope"], "most": cell["in_scope"] + cell["undetermined"]}
