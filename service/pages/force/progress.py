"""How far the service is with an upload that was just sent, so that who waits is told the truth.

In the memory of the process, by the key of the form; it says nothing of what is in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.returns.spool import Spool


class Uploads:
    """The uploads that are being read and checked now: as many as there are requests under way."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], Spool] = {}

    @contextmanager
    def told(self, client: str, key: str, file: Spool) -> Iterator[None]:
        """While this lasts, the same client can ask by the key how far the reading of the file is."""
        self._under_way[client, key] = file
        try:
            yield
        finally:
            if self._under_way.get((client, key)) is file:
                del self._under_way[client, key]

    def of(self, client: str, key: str) -> Spool | None:
        """The file of an upload of this client that is being read; None where none of that key is under way."""
        return self._under_way.get((client, key))
