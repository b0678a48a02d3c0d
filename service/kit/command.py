"""Asks somebody else's program about a file of the kit: started once a file, its answer is JSON on standard output.

``docs/reference/kit.md`` has the protocol as suppliers read it.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from service.errors import Invalid
from service.kit.compare import Outcome
from service.kit.expected import File, RowFinding
from service.kit.model import Kit

_PREVIOUS: Final = "{previous}"
"""A word with this in it is left out where an example has no such file."""
SECONDS: Final = 60
"""For one file; a program that takes longer has failed on it."""


class ProgramFailed(Exception):
    """The program gave no answer of the form that is asked for; its words say why, for the certificate."""


class _Finding(Struct):
    row: int
    rule: str
    field: str | None = None


class _Answer(Struct):
    findings: list[_Finding] | dict[str, int] | None = None
    """The list; or, where ``items`` is there, their number by severity."""
    items: list[_Finding] | None = None
    received: int | None = None
    accepted: int | None = None
    held: int | None = None
    tallies: dict[str, dict[str, Any]] | None = None
    refused: str | None = None


def words_of(command: str) -> tuple[str, ...]:
    """The words of a command, as a shell would split them; ``Invalid`` where there are none, or none of the file."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise Invalid("The command cannot be split into words.", "Close every quotation mark.") from error
    if not any("{file}" in word for word in words):
        raise Invalid("The command does not say where the file comes in.", "Write {file} where its path is to stand.")
    return words


def takes_previous(words: Sequence[str]) -> bool:
    """Whether a command says where the file of the period before comes in."""
    return any(_PREVIOUS in word for word in words)


def ask_program(kit: Kit, words: Sequence[str], file: File, folder: Path) -> Outcome:
    """What a program says of a file, which is written into ``folder`` for it. Raises ``ProgramFailed``."""
    path = folder / f"{file.example.part}.{file.ending}"
    path.write_bytes(file.content)
    given = {"file": str(path), "media": file.media, "part": file.example.part.value, "version": kit.contract.version}
    if file.previous is not None:
        earlier = folder / f"previous.{file.ending}"
        earlier.write_bytes(file.previous)
        given["previous"] = str(earlier)
    filled = [_filled(word, given) for word in words if "previous" in given or _PREVIOUS not in word]
    try:
        done = subprocess.run(  # noqa: S603  the command is the caller's own, and no shell reads it
            filled, capture_output=True, timeout=SECONDS, check=False
        )
    except OSError as error:
        raise ProgramFailed(f"'{words[0]}' cannot be started: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"It gave no answer within {SECONDS} seconds.") from error
    if done.returncode not in (0, 1):
        raise ProgramFailed(f"It ended with status {done.returncode}.")
    return outcome_of_answer(done.stdout, done.returncode)


def outcome_of_answer(printed: bytes, status: int) -> Outcome:
    """The answer of a program that ended with status 0 or 1."""
    if not printed.strip():
        if status == 1:
            return Outcome(refused="")
        raise ProgramFailed("It printed nothing, and ended with status 0.")
    try:
        answer = msgspec.json.decode(printed, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProgramFailed("What it printed is not one JSON document of the form that is asked for.") from error
    if answer.refused is not None:
        return Outcome(refused=answer.refused)
    findings = answer.items if answer.items is not None else answer.findings
    if not isinstance(findings, list):
        raise ProgramFailed("Its answer has no list of findings.")
    counts = {"received": answer.received, "accepted": answer.accepted, "held": answer.held}
    return Outcome(
        findings=tuple(RowFinding(item.row, item.rule, item.field or "") for item in findings),
        counts={name: count for name, count in counts.items() if count is not None},
        tallies=answer.tallies,
        status=status,
    )


def _filled(word: str, given: Mapping[str, str]) -> str:
    for name, said in given.items():
        word = word.replace(f"{{{name}}}", said)
    return word
