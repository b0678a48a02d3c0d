"""Pins every version that the project is built, run and tested with, without naming where they are fetched from.

``requirements.lock`` holds each version with the digests of its files; ``[tool.uv]`` in ``pyproject.toml`` repeats the
versions as constraints, so that ``uv run`` chooses the same ones. (uv's own lock file names the host it fetched from.)

    uv run python .ci/pins.py                       after a change of the dependencies: lock and constraints again
    uv run python .ci/pins.py --until 2027-01-31    the same, with every version as new as that day allows
    uv run python .ci/pins.py --check               does nothing; exit 1 and the difference if either has drifted
"""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
COMPILE = (
    "uv pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 "
    "--group dev --group benchmarks"
)
BEGIN = "# The pins: written by .ci/pins.py from requirements.lock.\n"
END = "# End of the pins.\n"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*==[^\s\\]+(?: ; [^\\]+?)?)(?: \\)?$", re.MULTILINE)


def pins(lock: str) -> list[str]:
    """Each version of the lock, with the machines it is for: ``uvloop==0.23.0 ; sys_platform != 'win32'``."""
    return PIN.findall(lock)


def project_without_pins(project: str) -> str:
    before, _, rest = project.partition(BEGIN)
    return before + rest.partition(END)[2]


def project_with_pins(project: str, lock: str, until: str) -> str:
    """The project file with ``[tool.uv]`` as the lock and the day say; what stands around it is untouched."""
    before, begin, rest = project.partition(BEGIN)
    listed = "".join(f'  "{pin}",\n' for pin in pins(lock))
    written = f'{BEGIN}[tool.uv]\nexclude-newer = "{until}"\nconstraint-dependencies = [\n{listed}]\n{END}'
    return before + written + rest.partition(END)[2] if begin else f"{before}\n{written}"


def known_until(project: str) -> str | None:
    """The moment after which no release is looked at, as the project file has it."""
    found: str | None = tomllib.loads(project).get("tool", {}).get("uv", {}).get("exclude-newer")
    return found


def resolved(project: str, lock: str | None, until: str) -> str:
    """The lock for this project: versions of ``lock`` stay where they fit, the others are the newest until then."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / PROJECT.name).write_text(project_without_pins(project))
        if lock is not None:
            (work / LOCK.name).write_text(lock)
        command = [*COMPILE.split(), PROJECT.name, "-o", LOCK.name, "--exclude-newer", until]
        command[0] = shutil.which("uv") or sys.exit("uv is not installed: pip install uv")
        subprocess.run(command, cwd=work, check=True)
        return (work / LOCK.name).read_text()


def drift(name: str, stands: str, should: str) -> list[str]:
    return list(
        difflib.unified_diff(stands.splitlines(), should.splitlines(), name, f"{name} (as it should be)", "", "", 0, "")
    )


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--until", metavar="DAY", help="take every version as new as this day allows")
    asked.add_argument("--check", action="store_true", help="only say whether lock and constraints have drifted")
    given = asked.parse_args()
    project, lock = PROJECT.read_text(), LOCK.read_text() if LOCK.exists() else None
    until = f"{given.until}T00:00:00Z" if given.until else known_until(project)
    if until is None:
        asked.error("pyproject.toml has no exclude-newer yet: say --until DAY")
    new_lock = resolved(project, None if given.until else lock, until)
    new_project = project_with_pins(project, new_lock, until)
    if given.check:
        found = drift(LOCK.name, lock or "", new_lock) + drift(PROJECT.name, project, new_project)
        print("\n".join([*found, "Run: uv run python .ci/pins.py"]) if found else "The pins agree.")
        return 1 if found else 0
    LOCK.write_text(new_lock)
    PROJECT.write_text(new_project)
    print(f"{len(pins(new_lock))} versions pinned, none newer than {until}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
