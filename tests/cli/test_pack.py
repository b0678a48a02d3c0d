"""One file for a force without any network: it is installed and run where there is no route to anywhere."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import command
from service.cli.pack_wheels import NotPackable, Wheel, made_for
from service.contract.library import contracts_root
from tests.support.hmda import FOLDER as HMDA

ROOT = Path(__file__).resolve().parents[2]
PYTHON = getattr(sys, "_base_executable", sys.executable)
"""The Python that this environment was made with: what a force has."""
ALONE: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
"""Nothing of this environment, and no folder of this repository, reaches what was installed."""
CASES = """\
case_ref,stage,suspect_count,nfa_date
K/1,identified,two,2014-03
K/2,concluded,3,2015
K/2,identified,1,31/02/2014
"""


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def cut_off() -> list[str]:
    """The words that run a command in a network namespace of its own, which has no route."""
    for words in (["unshare", "-rn"], ["unshare", "-n"]):
        may = shutil.which("unshare") and subprocess.run([*words, "true"], check=False, capture_output=True)
        if may and may.returncode == 0:
            return words
    pytest.skip("this machine lets nobody make a network namespace")


def without_network(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = [*cut_off(), *(str(each) for each in arguments)]
    return subprocess.run(
        words, cwd=cwd, env={**ALONE, "HOME": str(cwd)}, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pack") / "case-returns.pyz"
    shown = ran("pack", "--out", out)
    assert shown.exit_code == 0, shown.output
    assert f"for Python {sys.version_info[0]}.{sys.version_info[1]} on " in shown.output
    return out


@pytest.fixture(scope="module")
def installed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, installed where there is no network, into a folder with a blank in its name."""
    folder = tmp_path_factory.mktemp("force")
    done = without_network(PYTHON, made, "our tools", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "each as its digest says" in done.stdout
    return folder / "our tools" / "bin" / "case-returns"


def test_there_is_no_way_out_of_where_it_is_tried(tmp_path: Path) -> None:
    code = "import pathlib, socket; print(pathlib.Path('/proc/net/route').read_text().splitlines()[1:]); "
    done = without_network(PYTHON, "-c", f"{code}socket.create_connection(('192.0.2.1', 9), 2)", cwd=tmp_path)
    assert done.stdout == "[]\n", "no route below the heading"
    assert "Network is unreachable" in done.stderr


def test_a_file_is_checked_without_network_as_it_is_here(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(CASES)
    there = without_network(installed, "validate", "cases.csv", "--format", "csv", cwd=tmp_path)
    here = ran("validate", tmp_path / "cases.csv", "--format", "csv")
    assert there.returncode == here.exit_code == 1
    assert there.stdout == here.stdout
    assert {"S101", "S102", "V207"} <= {row["rule"] for row in csv.DictReader(io.StringIO(there.stdout))}


def test_a_clean_file_is_mapped_counted_and_judged_without_network(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("Case ref;Stage\nK/1;identified\n")
    mapped = without_network(installed, "map", "own.csv", "--out", "m.yaml", cwd=tmp_path)
    assert mapped.returncode == 0, mapped.stderr
    assert without_network(installed, "validate", "own.csv", "--mapping", "m.yaml", cwd=tmp_path).returncode == 0
    counted = without_network(installed, "tally", "own.csv", "--mapping", "m.yaml", "--format", "json", cwd=tmp_path)
    assert json.loads(counted.stdout)["totals"]["undetermined"] == 1


def test_a_command_that_needs_more_than_a_pack_has_says_so_in_a_sentence(installed: Path, tmp_path: Path) -> None:
    done = without_network(installed, "demo", cwd=tmp_path)
    assert done.returncode == 1
    assert "a pack has what works on files alone" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_runs_is_what_was_packed_and_nothing_of_this_repository(installed: Path, tmp_path: Path) -> None:
    code = "import json, msgspec, service, sys; print(json.dumps([service.__file__, msgspec.__file__, *sys.path]))"
    done = without_network(installed.parent / "python", "-I", "-c", code, cwd=tmp_path)
    ours, theirs, *places = json.loads(done.stdout)
    assert all(place.startswith(str(installed.parent.parent)) for place in (ours, theirs))
    assert not [place for place in places if place.startswith(str(ROOT))]


def test_the_same_is_packed_to_the_same_bytes(made: Path, tmp_path: Path) -> None:
    assert ran("pack", "--out", tmp_path / made.name).exit_code == 0
    assert (tmp_path / made.name).read_bytes() == made.read_bytes()


def test_the_pack_carries_the_contracts_of_the_folder_that_it_is_asked_for(made: Path, tmp_path: Path) -> None:
    assert ran("pack", "--contract", HMDA, "--out", tmp_path / "hmda.pyz").exit_code == 0
    for file, root in ((made, contracts_root()), (tmp_path / "hmda.pyz", HMDA)):
        with zipfile.ZipFile(file) as archive:
            own = next(name for name in archive.namelist() if name.startswith("wheels/case_returns-"))
            with zipfile.ZipFile(io.BytesIO(archive.read(own))) as wheel:
                carried = {
                    name.removeprefix("service/_contracts/") for name in wheel.namelist() if "_contracts/" in name
                }
        published = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        assert carried == {*published, "spreadsheets.yaml"}  # what is said of cells is the same for every standard


def changed(made: Path, out: Path, change: Mapping[str, bytes | None]) -> Path:
    """The pack with other content in some places, or (None) without them."""
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(out, "w") as other:
        for name in (*archive.namelist(), *(name for name in change if name not in archive.namelist())):
            content = change.get(name, b"") if name in change else archive.read(name)
            if content is not None:
                other.writestr(name, content)
    return out


def wheel_in(made: Path, start: str) -> str:
    with zipfile.ZipFile(made) as archive:
        return next(name for name in archive.namelist() if name.startswith(f"wheels/{start}"))


def manifest_of(made: Path, **other: str) -> bytes:
    with zipfile.ZipFile(made) as archive:
        document = json.loads(archive.read("MANIFEST.json"))
    document["made_for"] |= other
    return json.dumps(document).encode()


@pytest.mark.parametrize("what", ["altered", "lacking", "added", "python", "platform"])
def test_a_pack_that_is_not_what_was_made_or_not_for_here_is_refused(made: Path, tmp_path: Path, what: str) -> None:
    wheel = wheel_in(made, "click-")
    change, says = {
        "altered": ({wheel: b"other"}, "is not what was packed"),
        "lacking": ({wheel: None}, "does not hold what its list says"),
        "added": ({"wheels/evil-1-py3-none-any.whl": b"x"}, "does not hold what its list says"),
        "python": ({"MANIFEST.json": manifest_of(made, python="3.99")}, "is for Python 3.99"),
        "platform": ({"MANIFEST.json": manifest_of(made, platform="win-amd64")}, "is for win-amd64"),
    }[what]
    pack = changed(made, tmp_path / "p.pyz", change)
    done = subprocess.run([PYTHON, pack, "tools"], cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert says in done.stderr
    assert not (tmp_path / "tools").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(made: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = subprocess.run([PYTHON, made, tmp_path], env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_pack_can_be_checked_alone(made: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [PYTHON, made, "--check"], cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert not list(tmp_path.iterdir())
    assert subprocess.run([PYTHON, made], capture_output=True, check=False).returncode == 2


def test_wheels_of_another_machine_make_its_pack(made: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    pins = []
    with zipfile.ZipFile(made) as archive:
        for name in (name for name in archive.namelist() if name.endswith(".whl") and "case_returns" not in name):
            what, version, *_ = Path(name).name.split("-")
            tags = "py3-none-any" if name.endswith("-any.whl") else "cp312-cp312-win_amd64"
            (tmp_path / "wheels" / f"{what}-{version}-{tags}.whl").write_bytes(archive.read(name))
            pins.append(f"{what.replace('_', '-')}=={version}")
    shown = ran("pack", "--wheels", tmp_path / "wheels", "--out", tmp_path / "win.pyz")
    assert "for Python 3.12 on win-amd64." in shown.output
    assert ran("pack", "--needs").output.split() == pins
    next((tmp_path / "wheels").glob("msgspec*")).unlink()
    lacking = ran("pack", "--wheels", tmp_path / "wheels", "--out", tmp_path / "lacking.pyz")
    assert lacking.exit_code == 1
    assert "has no wheel of msgspec==" in str(lacking.exception)


@pytest.mark.parametrize(
    ("names", "is_for"),
    [
        (["a-1-py3-none-any"], ("any", "any")),
        (["a-1-py3-none-any", "b-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64"], ("3.11", "linux-x86_64")),
        (["b-1-cp313-cp313-win_amd64", "c-1-cp39-abi3-win_amd64"], ("3.13", "win-amd64")),
        (["b-1-cp312-cp312-manylinux_2_28_aarch64"], ("3.12", "linux-aarch64")),
        (["b-1-cp312-cp312-macosx_11_0_arm64"], ("3.12", "macosx")),
    ],
)
def test_wheels_say_by_their_names_what_they_are_for(names: list[str], is_for: tuple[str, str]) -> None:
    assert made_for(Wheel(f"{name}.whl", b"") for name in names) == is_for


def test_wheels_for_two_machines_are_no_pack() -> None:
    with pytest.raises(NotPackable, match="for several"):
        made_for([Wheel("b-1-cp312-cp312-win_amd64.whl", b""), Wheel("c-1-cp311-cp311-win_amd64.whl", b"")])
