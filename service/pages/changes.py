"""What a version of the data standard changes, to be read like a changelog by everybody who is signed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from msgspec import Struct

from service.contract.change import Change, ChangeKind, Subject
from service.contract.changes import changes_of
from service.contract.model import PartName
from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.visit import Visiting, to

_PARTS: Final[Mapping[PartName, str]] = {
    PartName.CASE: "cases",
    PartName.AGGREGATE: "aggregate counts",
    PartName.WORKFORCE: "workforce",
    PartName.RETURN: "the whole return",
}
_KINDS: Final[Mapping[ChangeKind, tuple[str, str]]] = {
    ChangeKind.ADDED: ("Added", "green"),
    ChangeKind.DERIVED: ("Added, derived", "green"),
    ChangeKind.RENAMED: ("Renamed", "blue"),
    ChangeKind.SPLIT: ("Split", "purple"),
    ChangeKind.RECODED: ("Recoded", "purple"),
    ChangeKind.EXTENDED: ("Extended", "green"),
    ChangeKind.REWORDED: ("Other words", "grey"),
    ChangeKind.TIGHTENED: ("Tightened", "orange"),
    ChangeKind.CARRIED: ("Carried", "grey"),
    ChangeKind.RESTATED: ("Stated anew", "blue"),
    ChangeKind.DROPPED: ("Dropped", "red"),
}
_SECTIONS: Final[Mapping[Subject, str]] = {
    Subject.FIELD: "Fields and codes",
    Subject.LIST: "Code lists",
    Subject.SET: "Named sets",
    Subject.RULE: "Rules",
    Subject.MEASURE: "Measures of the whole return",
}
_QUIET: Final = (ChangeKind.REWORDED, ChangeKind.CARRIED)
"""What asks nothing new of anybody: told together, behind a heading that opens."""


class Section(Struct, frozen=True, kw_only=True):
    """The changes of one subject: those that somebody has to know of, and those in words alone."""

    name: str
    title: str
    changes: tuple[Change, ...]
    quiet: tuple[Change, ...]


@get("/contracts/changes", include_in_schema=False)
async def show_newest_changes(visit: Visiting) -> Response[None]:
    """On to the changelog of the newest version."""
    return to(f"/contracts/{visit.context.library.newest.version}/changes")


@get("/contracts/{version:str}/changes", include_in_schema=False)
async def show_changes(visit: Visiting, version: FromPath[str]) -> Response[str]:
    """The changelog of a version; of the first one, that it changes nothing."""
    contracts = visit.context.library.contracts
    if version not in contracts:
        raise NotFound(NOT_HERE)
    found = changes_of(visit.context.library, version)
    return visit.page(
        "changes.html",
        found=found,
        contract=contracts[version],
        versions=tuple(contracts),
        sections=tuple(_sections(found.changes)),
        kinds=_KINDS,
        parts=_PARTS,
        keeps=visit.is_national,
    )


def _sections(changes: Iterable[Change]) -> Iterable[Section]:
    listed = tuple(changes)
    for subject, title in _SECTIONS.items():
        mine = [change for change in listed if change.subject is subject]
        if mine:
            yield Section(
                name=subject.value,
                title=title,
                changes=tuple(change for change in mine if change.kind not in _QUIET),
                quiet=tuple(change for change in mine if change.kind in _QUIET),
            )
