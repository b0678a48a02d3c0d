"""Runs a kit against a program and makes the certificate. How a program is asked is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from msgspec import Struct

from service.kit.archive import pack_hash
from service.kit.compare import ByNotice, Certificate, Difference, Failure, NotRun, Outcome, differences
from service.kit.expected import File, files_of
from service.kit.model import MEDIA, Example, Kit

Ask = Callable[[File], Outcome]
Advance = Callable[[int, int], None]

NEEDS_RETURN = "it is about what a return already holds, and only a service has one"
NEEDS_PREVIOUS = "the command does not say where the file of the period before comes in: write {previous}"
NEEDS_WHOLE = "it is about a whole return, and only a service has one"


class Chosen(Struct, frozen=True, kw_only=True):
    """Which part of a kit is to be run; empty: all of it."""

    examples: tuple[str, ...] = ()
    """Names (``case/V220``), or ends of them (``V220``)."""
    endings: tuple[str, ...] = tuple(MEDIA)

    def takes(self, name: str) -> bool:
        """Whether an example is to be run."""
        return not self.examples or any(name == wanted or name.endswith(f"/{wanted}") for wanted in self.examples)


class Results:
    """What a run has come to so far."""

    def __init__(self) -> None:
        self.files = 0
        self.examples: set[str] = set()
        self.failures: list[Failure] = []
        self.by_notice: list[ByNotice] = []
        self.not_run: list[NotRun] = []

    def add(
        self, example: str, file: str, about: str, found: Sequence[Difference], notices: Sequence[str] = ()
    ) -> None:
        """One file, and what came otherwise; ``notices``: those of which it is just what must come under them."""
        self.files += 1
        self.examples.add(example)
        if found and notices:
            self.by_notice.append(ByNotice(example, file, about, tuple(notices), tuple(found)))
        elif found:
            self.failures.append(Failure(example, file, about, tuple(found)))

    def skip(self, example: str, why: str) -> None:
        """One example that cannot be asked about."""
        self.not_run.append(NotRun(example, why))

    def certificate(self, kit: Kit, *, program: str, against: str, at: str) -> Certificate:
        """The certificate of the run. ``program`` is what was run, in its version; ``at`` when, as on the wire."""
        return Certificate(
            contract_version=kit.contract.version,
            contract=kit.contract.hash,
            pack=pack_hash(kit),
            program=program,
            against=against,
            at=at,
            examples=len(self.examples),
            of=len(kit.examples) + len(kit.returns),
            files=self.files,
            passed=self.files - len(self.failures) - len(self.by_notice),
            failed=len(self.failures),
            noticed=len(self.by_notice),
            failures=tuple(self.failures),
            by_notice=tuple(self.by_notice),
            not_run=tuple(self.not_run),
        )


def run_files(kit: Kit, chosen: Chosen, ask: Ask, advance: Advance, *, with_previous: bool = True) -> Results:
    """Every file of a kit by itself, through a program that reads files and nothing else; ``with_previous``: that is
    given the file of the period before, too."""
    results = Results()
    for example in each(chosen_examples(kit, chosen), advance):
        if example.before:
            results.skip(example.name, NEEDS_RETURN)
            continue
        if example.previous and not with_previous:
            results.skip(example.name, NEEDS_PREVIOUS)
            continue
        for file in files_of(kit, example, chosen.endings):
            results.add(example.name, file.name, example.about, differences(file.expected, ask(file)))
    for whole in kit.returns:
        if chosen.takes(whole.name):
            results.skip(whole.name, NEEDS_WHOLE)
    return results


def chosen_examples(kit: Kit, chosen: Chosen) -> list[Example]:
    """The examples of files that are to be run."""
    return [example for example in kit.examples if chosen.takes(example.name)]


def each(examples: Collection[Example], advance: Advance) -> Iterator[Example]:
    """The examples one by one, with how far it has come."""
    for done, example in enumerate(examples):
        advance(done, len(examples))
        yield example
    advance(len(examples), len(examples))
