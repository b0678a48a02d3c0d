"""The published data, copied where a test may spoil it."""

from __future__ import annotations

import shutil
from pathlib import Path

from service.contract.library import contracts_root
from service.contract.source import Problem
from service.terms.check import check


class Contracts:
    """A copy of ``contracts/`` that can be edited, and asked what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "contracts"
        shutil.copytree(contracts_root(), self.root)

    def change(self, file: str, old: str, new: str) -> Contracts:
        """Replaces the first place where ``old`` stands; it must be there."""
        path = self.root / file
        words = path.read_text(encoding="utf-8")
        assert old in words, f"{file} does not say {old!r}"
        path.write_text(words.replace(old, new, 1), encoding="utf-8")
        return self

    def as_draft(self, version: str) -> Contracts:
        """A version as it was before it was published, and before any terms took it."""
        self.change(f"returns/{version}/contract.yaml", "state: published", "state: draft")
        for terms in (self.root / "terms").glob("*.yaml"):
            if version in terms.read_text(encoding="utf-8"):
                terms.unlink()
        listed = self.root / "PUBLISHED"
        year = version.partition(".")[0]
        gone = (f"returns/{version}", "terms/2026-11.yaml", f"-{year}.csv")
        lines = [line for line in listed.read_text(encoding="utf-8").splitlines() if not line.endswith(gone)]
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self

    def line_of(self, file: str, words: str) -> int:
        """The line, from 1, where some words first stand."""
        lines = (self.root / file).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if words in line)

    def problems(self, *, published: bool = False) -> list[Problem]:
        """What the check says; that a file is no longer what was published only if asked for."""
        return [problem for problem in check(self.root) if published or problem.file != "PUBLISHED"]

    def only_problem(self) -> Problem:
        """The one thing that is wrong."""
        found = self.problems()
        assert len(found) == 1, "\n".join(map(str, found))
        return found[0]
