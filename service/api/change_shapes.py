"""The forms of what a contract version changes, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from service.api.public_shapes import Links, Shape


class CodeTitle(Shape):
    """A code with its title."""

    code: str
    title: str


class ReadingShown(Shape):
    """A code of one version and what it reads as in the other: several, and it does not say which; none, and the other
    version cannot say it."""

    code: str
    title: str
    reads: tuple[CodeTitle, ...]


class ChangeShown(Shape):
    """One change. ``older``: what a record of the version before says in this version; ``newer``: what one of this
    version says in the version before. ``forward`` and ``back``: the same, code by code. ``declared``: a step of
    ``upgrade.yaml``."""

    id: str
    subject: Literal["field", "list", "set", "rule", "measure"]
    kind: Literal[
        "added",
        "derived",
        "renamed",
        "split",
        "recoded",
        "extended",
        "reworded",
        "tightened",
        "carried",
        "restated",
        "dropped",
    ]
    name: str
    formerly: str | None
    title: str
    parts: list[str]
    says: str
    older: str
    newer: str
    forward: list[ReadingShown]
    back: list[ReadingShown]
    declared: bool


class ChangesDocument(Shape):
    """What a contract version changes in the one before it; ``before`` is null in the first, which changes nothing."""

    version: str
    before: str | None
    says: str
    changes: list[ChangeShown]
    links: Links
