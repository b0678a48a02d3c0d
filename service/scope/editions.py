"""Every scope edition that this process knows: those that are published in files, and those that were proposed here.

What was proposed is read from its document once, and known from then on by its hash. A draft is read each time and
never kept: what is known here is told to every force, if only as the name that was nearly written. Other servers draft
too, so whoever reads which editions there are learns what is new among them (``store.py``). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.contract.library import Library
from service.errors import Conflict
from service.scope.edition import Edition
from service.scope.published import edition_of


class Editions(Mapping[str, Edition]):
    """Editions by name. It grows as editions are learned; what is frozen never changes in it."""

    def __init__(self, library: Library, published: Mapping[str, Edition]) -> None:
        self.library = library
        self._published = published
        self._known = dict(published)

    def __getitem__(self, name: str) -> Edition:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._known))

    def __len__(self) -> int:
        return len(self._known)

    def knows(self, name: str, digest: str) -> bool:
        """Whether this very content is known."""
        return name in self._known and self._known[name].hash == digest

    def is_published_otherwise(self, name: str, digest: str) -> bool:
        """Whether a file has this name for other content, whatever was learned of the name since."""
        return name in self._published and self._published[name].hash != digest

    def learn(self, name: str, digest: str, document: Mapping[str, Any]) -> Edition:
        """The edition of a stored document, from here on known."""
        edition = self._known[name] = self.read(name, digest, document)
        return edition

    def read(self, name: str, digest: str, document: Mapping[str, Any]) -> Edition:
        """The edition of a stored document. Raises ``Conflict`` where it does not read here as it was pinned: what its
        rules read of the vocabulary is not the same, and it would count something else."""
        edition = edition_of(document, self.library)
        if edition.hash != digest:
            raise Conflict(
                f"Scope edition {name} reads otherwise here than where it was drafted.",
                "Run the release, with the contracts, under which it was proposed.",
                code="scope-changed",
            )
        return edition
