"""Nothing grows until nobody can see it whole: a module stays under 400 lines, a fixture file under 150."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = 400
CONFTEST = 150
KINDS = {".py", ".sql"}


def too_long(folder: Path, most: int, names: str = "*") -> list[str]:
    lengths = {path: len(path.read_bytes().splitlines()) for path in folder.rglob(names) if path.suffix in KINDS}
    return [f"{path.relative_to(ROOT)}: {lines} lines" for path, lines in sorted(lengths.items()) if lines >= most]


def test_no_module_of_the_service_has_400_lines() -> None:
    long = too_long(ROOT / "service", MODULE)
    assert not long, "\n".join([*long, "Split it by what it does."])


def test_no_conftest_has_150_lines() -> None:
    long = too_long(ROOT / "tests", CONFTEST, "conftest.py")
    assert not long, "\n".join([*long, "Move builders to tests/support."])
