"""What is wrong with a condition, and where in it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from service.errors import Invalid


class ConditionError(Invalid):
    """A condition that cannot be taken: ``column`` is the place in its text, from 1; ``do`` what to write instead."""

    code = "condition"

    def __init__(self, column: int, says: str, do: str) -> None:
        super().__init__(says, do)
        self.column = column


def nearest(word: str, known: Iterable[str]) -> str:
    """``Did you mean `x`?`` with the closest known word, or an empty string where none comes close."""
    folded = {name.lower(): name for name in known if name}
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return f"Did you mean `{folded[close[0]]}`?" if close else ""
