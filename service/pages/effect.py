"""What a version of the data standard does to the verdicts of sealed returns, for the people of the national bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from service.effect.answer import effect_now
from service.effect.model import EditionEffect, Move
from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.words import SEVERITY
from service.pages.visit import Visiting
from service.scope.verdict import Verdict

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.IN_SCOPE: "In scope",
    Verdict.UNDETERMINED: "Undetermined",
    Verdict.OUT_OF_SCOPE: "Out of scope",
}


@get("/contracts/{version:str}/effect", include_in_schema=False)
async def show_effect(visit: Visiting, version: FromPath[str]) -> Response[str]:
    """The effect of each change, edition by edition, and what the rules would find."""
    visit.national()
    if version not in visit.context.library.contracts:
        raise NotFound(NOT_HERE)
    found = await effect_now(visit.context, version)
    return visit.page(
        "effect.html",
        here="national",
        found=found,
        contract=visit.context.library.contracts[version],
        verdicts=VERDICTS,
        severity=SEVERITY,
        says=_says,
        moved=_moved,
        finding=[each for each in found.rules if each.cases],
        silent=[each for each in found.rules if not each.cases],
    )


def _says(found: EditionEffect, version: str) -> str:
    """One sentence of an edition: what reading it by the version would move in all."""
    if found.not_carried is not None:
        return (
            f"{version} cannot say the rule {found.not_carried.rule}: {found.not_carried.says} "
            f"The edition goes on reading by {found.edition.vocabulary}."
        )
    if found.edition.vocabulary == version:
        return f"This edition reads by {version} itself: its figures rest on what is listed here."
    if found.read is None:
        return f"This edition speaks of {found.edition.vocabulary}, which came later: {version} does not read it."
    cases = sum(move.cases for move in found.moves)
    if not cases:
        return f"Read by {version}, every case would have the verdict that it has by {found.edition.vocabulary}."
    return f"Read by {version}, {cases:,} {'case' if cases == 1 else 'cases'} would have another verdict."


def _moved(move: Move) -> str:
    """One move in words."""
    cases = f"{move.cases:,} {'case' if move.cases == 1 else 'cases'}"
    forces = "one force" if move.forces == 1 else f"{move.forces} forces"
    return f"{cases} of {forces}: {VERDICTS[move.before].lower()} without it, {VERDICTS[move.after].lower()} with it"
