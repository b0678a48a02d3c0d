"""The built wheel carries everything that it needs, and runs from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.postgres import memory, open_folder
from tests.support.wheel import built_wheel, unpacked

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as an installer puts it into site-packages."""
    return unpacked(built_wheel(tmp_path_factory.mktemp("wheel")), tmp_path_factory.mktemp("installed"))


def run(installed: Path, folder: Path, *words: str) -> str:
    """What the installed program says, run in a folder without a trace of the repository on its path."""
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import service; "
        f"assert service.__file__.startswith({str(installed)!r}), service.__file__; "
        "from service.cli import main; sys.exit(main())"
    )
    given: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *words], cwd=folder, env=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def relative(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_wheel_carries_every_file_that_is_published(installed: Path) -> None:
    published = relative(ROOT / "contracts")
    assert "PUBLISHED" in published
    assert relative(installed / "service" / "_contracts") == published
    for name in published:
        assert (installed / "service" / "_contracts" / name).read_bytes() == (ROOT / "contracts" / name).read_bytes()


def test_the_wheel_carries_every_file_of_the_package(installed: Path) -> None:
    """The SQL of the migrations, the demonstration's weights and the mark that it is typed among them."""
    own = {name for name in relative(ROOT / "service") if "__pycache__" not in name}
    carried = {name for name in relative(installed / "service") if not name.startswith("_contracts/")}
    assert carried == own
    assert {"py.typed", "demo/synthetic-weights.csv", "migrations/first/storage.sql"} <= carried
    assert {"pages/static/govuk-frontend.min.css", "pages/static/made-from", "pages/templates/base.html"} <= carried


def test_the_wheel_carries_nothing_else(installed: Path) -> None:
    described = f"case_returns-{version('case-returns')}.dist-info"
    assert {path.name for path in installed.iterdir()} == {"service", described}
    assert (installed / described / "licenses" / "LICENSE").exists()
    assert "case-returns = service.cli:main" in (installed / described / "entry_points.txt").read_text()


def test_the_installed_program_runs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    assert run(installed, tmp_path, "contracts", "check").startswith("Good: ")
    assert "failed 0" in run(installed, tmp_path, "kit", "run", "--offline", "--example", "V220")
    made = tmp_path / "kent.csv"
    run(installed, tmp_path, "generate", "--force", "kent", "--cases", "5", "--out", str(made))
    assert len(made.read_text().splitlines()) == 6
    assert list(tmp_path.iterdir()) == [made]


def test_the_installed_program_makes_its_database_and_adopts_the_terms(installed: Path, tmp_path: Path) -> None:
    with open_folder(inside=memory()) as folder:
        run(installed, tmp_path, "demo", "--cases", "0", "--no-serve", "--data", str(folder / "data"))
        assert (folder / "data" / "keys" / "kent.json").exists()
    assert not list(tmp_path.iterdir())
