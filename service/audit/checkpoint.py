"""The head of the log as three lines that a person can archive: origin, size, root (base64).

Whoever keeps yesterday's three lines can prove that nothing below that size was rewritten since. The first three
lines of the ``tlog-checkpoint`` form of public transparency logs, so that their tools read it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from msgspec import Struct

from service.audit.merkle import HASH_SIZE
from service.errors import Malformed

MAX_SIZE = 2**63 - 1


class Checkpoint(Struct, frozen=True):
    """The log called ``origin`` had ``size`` entries and this root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or self.origin != self.origin.strip() or not self.origin.isprintable():
            raise ValueError("the origin of a checkpoint is one line of printable text, without blanks around it")
        if not 0 <= self.size <= MAX_SIZE:
            raise ValueError("the size of a checkpoint is a count of entries")
        if len(self.root) != HASH_SIZE:
            raise ValueError(f"the root of a checkpoint has {HASH_SIZE} bytes")


def print_checkpoint(checkpoint: Checkpoint) -> str:
    """Three lines, each ended by a newline."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode('ascii')}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """What ``print_checkpoint`` wrote, and nothing else; raises Malformed."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise Malformed("A checkpoint has three lines: origin, size, root.", "Paste it as it was printed.")
    origin, size, encoded = lines[:3]
    if not (size.isascii() and size.isdigit() and len(size) <= 19 and size == str(int(size))):
        raise Malformed("The second line of a checkpoint is a number of entries.")
    try:
        checkpoint = Checkpoint(origin, int(size), b64decode(encoded, validate=True))
    except ValueError as error:
        raise Malformed("This is not a checkpoint of an audit log.", "Paste it as it was printed.") from error
    if print_checkpoint(checkpoint) != text:
        raise Malformed("This checkpoint is written in another form than ours.", "Paste it as it was printed.")
    return checkpoint
