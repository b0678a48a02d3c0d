"""A file that is validated where it is, and can be read as often as needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from service.contract.mapping import FileMapping
from service.contract.model import Contract, Part
from service.errors import UnsupportedMedia
from service.returns.previous import Laid, Previous, laid
from service.returns.readers import (
    MEDIA,
    SHARED,
    BytesSource,
    FileSource,
    Share,
    TypedBlock,
    Watched,
    media_of_name,
    read,
)

_ALL: Final = Share(0, 1)


class Sent:
    """A file, or the bytes of one, as rows of one part of a contract."""

    def __init__(
        self, file: Path | bytes, media: str | None, part: Part, contract: Contract, mapping: FileMapping | None
    ) -> None:
        media = media or (media_of_name(file.name) if isinstance(file, Path) else None)
        if media is None:
            says = "The name does not say what kind of file this is."
            raise UnsupportedMedia(says, f"Call it .csv, .xlsx, .ndjson or .json, or say one of: {', '.join(MEDIA)}.")
        self._source = Watched(FileSource(file) if isinstance(file, Path) else BytesSource(file))
        self.part, self.contract = part, contract
        self.can_be_shared = media in SHARED
        """Whether several can read it together."""
        self._media, self._mapping = media, mapping

    @property
    def length(self) -> int:
        """In bytes."""
        return self._source.length

    @property
    def read(self) -> int:
        """How many bytes the reading that began last has come."""
        return self._source.read

    def blocks(self, share: Share = _ALL) -> Iterator[TypedBlock]:
        """Its rows as they were sent: all of them, unless somebody reads it together with others. What is written
        otherwise is in each block, and told by who counts it over all."""
        return read(self._source, self._media, self.part, self.contract, mapping=self._mapping, share=share)

    def laid(self, previous: Previous | None = None) -> Iterator[Laid]:
        """Its rows over what was there before."""
        return (laid(block, previous) for block in self.blocks())
