"""What is published never changes again: ``contracts/PUBLISHED`` holds a digest for each published folder and file.

One line each, ``DIGEST  PATH``, in the order of publication. A line is only ever added.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from service.contract.library import Library
from service.contract.source import Place, Problem, Problems

FILE = "PUBLISHED"


def digest_of(path: Path) -> str:
    """SHA-256 in hex of a file, or of a version's folder: over the names and digests of the files that say what it is.

    Examples beside them may grow.
    """
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    files = sorted(file for file in path.glob("*.yaml") if file.is_file())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(path).as_posix()}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check_published(library: Library) -> tuple[Problem, ...]:
    """What was changed or removed after it was published, and what is in use without being listed."""
    problems = Problems()
    listed = _listed(library.root, problems)
    for path, (_, place) in listed.items():
        if not (library.root / path).exists():
            problems.add(place, f"'{path}' was published and is gone.", "Put it back.")
    problems.found += changed_since(library)
    for path in expected(library):
        if path not in listed:
            says = f"'{path}' is in use and not listed as published."
            problems.add(Place(FILE, 1), says, f"Add the line: {digest_of(library.root / path)}  {path}")
    return tuple(problems.found)


def changed_since(library: Library) -> tuple[Problem, ...]:
    """What is not any more what was published under its name."""
    problems = Problems()
    for path, (digest, place) in _listed(library.root, Problems()).items():
        target = library.root / path
        if target.exists() and digest_of(target) != digest:
            says = f"'{path}' is not what was published under this name."
            problems.add(place, says, "Put it back as it was, and publish the change under a new name.")
    return tuple(problems.found)


def other_than(library: Library, own: Library) -> tuple[Problem, ...]:
    """The versions of a library that have the name of one that is published in another, and other content."""
    problems = Problems()
    for name, contract in library.contracts.items():
        known = own.contracts.get(name)
        if known is not None and "draft" not in (known.state, contract.state) and known.hash != contract.hash:
            says = f"Contract version {name} is published with other content than this folder has."
            problems.add(
                Place(f"returns/{name}", 1), says, "Give the changed version a name of its own, or make it a draft."
            )
    return tuple(problems.found)


def expected(library: Library) -> tuple[str, ...]:
    """What must be listed: versions that are no draft, their code lists, all scopes, and all terms."""
    published = {name: contract for name, contract in library.contracts.items() if contract.state != "draft"}
    lists = sorted({name for contract in published.values() for name in contract.lists})
    return (
        *(f"codes/{name}.csv" for name in lists),
        *(f"returns/{name}" for name in published),
        *(document.file for document in library.scopes.values()),
        *(document.file for document in library.terms.values()),
    )


def missing_lines(library: Library) -> str:
    """What is to be added to the list; to be done when a thing is published, and never to change a line."""
    listed = _listed(library.root, Problems())
    paths = (path for path in expected(library) if path not in listed)
    return "".join(f"{digest_of(library.root / path)}  {path}\n" for path in paths)


def _listed(root: Path, problems: Problems) -> dict[str, tuple[str, Place]]:
    found: dict[str, tuple[str, Place]] = {}
    try:
        lines = (root / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return found
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        digest, _, path = line.partition("  ")
        place = Place(FILE, number)
        if path in found:
            problems.add(place, f"'{path}' stands here twice.", "A published thing has one digest.")
        found[path] = (digest, place)
    return found
