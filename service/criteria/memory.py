"""What a function without effects says, remembered by what it was asked: few values of a column differ. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

_Asked = TypeVar("_Asked")
_Said = TypeVar("_Said")

REMEMBERED: Final = 50_000
"""So many answers are remembered before all are forgotten: memory stays bounded."""


class Memory(dict[_Asked, _Said]):
    """``memory[value]`` is what ``ask`` says of a value; what is equal is asked once."""

    def __init__(self, ask: Callable[[_Asked], _Said]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, value: _Asked) -> _Said:
        if len(self) >= REMEMBERED:
            self.clear()
        said = self[value] = self._ask(value)
        return said
