"""Files that commands write: never over something that is there already unasked, and whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

OVERWRITE = click.option("--overwrite", is_flag=True, help="Write over the file that is there already.")


def may_be_written(out: Path, *, overwrite: bool, read: tuple[Path | None, ...] = ()) -> None:
    """Refuse a file before any work is done for it: one of those that are ``read``, one that is there already, one in
    a folder that is not there. What is in it may be somebody's work."""
    if str(out) == "-":
        return
    if any(given is not None and given.exists() and out.exists() and out.samefile(given) for given in read):
        raise click.UsageError(f"{out} is a file that is read here: it would be gone. Give another name.")
    if not out.absolute().parent.is_dir():
        raise click.UsageError(f"There is no folder {out.absolute().parent} to write {out.name} in.")
    if out.exists() and not overwrite:
        raise click.UsageError(f"{out} is there already. Give another name, or say --overwrite.")


@contextmanager
def written_whole(out: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes its name when all is written: what was there before stays until then, and an
    error leaves no half of it."""
    target = out.resolve()
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
