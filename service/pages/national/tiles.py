"""The forces on a tile map: one tile each, of one size, so that a small force is seen as well as a large one. Pure.

Where each tile stands is published data: the list of codes that has a ``row`` and a ``column`` for these forces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from service.contract.model import Code, CodeList
from service.picture.coverage import Reporting
from service.picture.export import ForceShown

SIDE = 44
"""Of one tile with its gap."""


class Tile(Struct, frozen=True, kw_only=True):
    """One force: where it stands, and where its report stands; no ``state``: it takes no part."""

    x: int
    y: int
    short: str
    name: str
    state: Reporting | None
    months: int | None
    """How old the return is that counts."""


class TileMap(Struct, frozen=True, kw_only=True):
    """All of them, and the size of the whole."""

    tiles: tuple[Tile, ...]
    width: int
    height: int
    said: str
    """The map in words, for who does not see it."""


def tile_map(lists: Mapping[str, CodeList], forces: CodeList, coverage: Sequence[ForceShown]) -> TileMap | None:
    """The map for these forces; None where nobody published places for them."""
    placed = next((item for item in lists.values() if _places(item, forces)), None)
    if placed is None:
        return None
    expected = {force.force: force for force in coverage}
    tiles = tuple(_tile(code, forces.by_code[code.code], expected.get(code.code)) for code in placed.codes)
    return TileMap(
        tiles=tiles,
        width=max(tile.x for tile in tiles) + SIDE,
        height=max(tile.y for tile in tiles) + SIDE,
        said=_said(tiles),
    )


def _places(item: CodeList, forces: CodeList) -> bool:
    return bool(item.codes) and all(
        code.code in forces.by_code and {"row", "column"} <= code.columns.keys() for code in item.codes
    )


def _tile(place: Code, force: Code, shown: ForceShown | None) -> Tile:
    return Tile(
        x=int(place.columns["column"]) * SIDE,
        y=int(place.columns["row"]) * SIDE,
        short=place.title,
        name=force.title,
        state=None if shown is None else shown.state,
        months=None if shown is None else shown.age_periods,
    )


def _said(tiles: Sequence[Tile]) -> str:
    words = {
        Reporting.REPORTED: "Reported",
        Reporting.CARRIED_FORWARD: "Carried forward",
        Reporting.NOT_REPORTED: "Not reported",
    }
    parts = []
    for state, said in words.items():
        names = [tile.name for tile in tiles if tile.state is state]
        parts.append(f"{said}: {', '.join(names) if names else 'none'}.")
    return " ".join(parts)
