"""SQL that was put together before, kept ready to run.

Putting a statement of a hundred columns together, and finding its parameters, takes longer than running it over a small
file. What a statement depends on is its key; nothing of a row may ever be in it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy import TextClause, text

V = TypeVar("V")


class Remembered(Generic[V]):
    """The last things that were made, by what they were made from; the one not asked for longest is forgotten."""

    def __init__(self, most: int = 128) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """What stands under the key, made now if it does not."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


class Statements:
    """The statements of one module."""

    def __init__(self, most: int = 128) -> None:
        self._made: Remembered[TextClause] = Remembered(most)

    def get(self, key: Hashable, sql: Callable[[], str]) -> TextClause:
        """The statement under the key; ``sql`` writes it where it is asked for the first time."""
        return self._made.get(key, lambda: text(sql()))
