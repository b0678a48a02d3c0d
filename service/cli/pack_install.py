"""Installs a pack where it is opened: ``python case-returns.pyz FOLDER``. It needs Python and nothing else: no network,
no pip, no right of an administrator.

This file is put into the pack as its main program, so it imports nothing but what Python itself brings.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

USAGE = """\
python {pack} FOLDER     install into a new folder, after each file was checked against its digest
python {pack} --check    only check the digests, and say what is in the pack
"""
LAUNCH = "import sys; from service.cli import main; main()"


def main(arguments: list[str]) -> int:
    """Install, or check; 0 done, 1 it could not be, 2 wrong usage."""
    pack = Path(sys.argv[0])
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(USAGE.format(pack=pack.name), end="")
        return 0 if arguments else 2
    try:
        with zipfile.ZipFile(pack) as archive:
            manifest = checked(archive)
            if arguments[0] == "--check":
                return 0
            fit(manifest["made_for"])
            return installed(archive, manifest, Path(arguments[0]).absolute())
    except Refused as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


class Refused(Exception):
    """Why it is not installed, in words."""


def checked(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The list of what is in the pack, each file held against its digest."""
    content = archive.read("MANIFEST.json")
    manifest: dict[str, Any] = json.loads(content)
    names = set(archive.namelist()) - {"MANIFEST.json", "__main__.py"}
    listed = {each["name"]: each for each in manifest["files"]}
    if names != set(listed):
        raise Refused(f"The pack does not hold what its list says: {', '.join(sorted(names ^ set(listed)))}.")
    for name, each in listed.items():
        if hashlib.sha256(archive.read(name)).hexdigest() != each["sha256"]:
            raise Refused(f"{name} is not what was packed. Get the pack again, from where you got it.")
    print(f"{manifest['product']} {manifest['version']}, {len(listed)} files, each as its digest says.")
    for version, digest in manifest["contracts"].items():
        print(f"Contract {version}: {digest}")
    print(f"Digest of the list: {hashlib.sha256(content).hexdigest()}")
    return manifest


def fit(made_for: dict[str, str]) -> None:
    """Whether this Python, on this machine, can run what is in the pack."""
    own = "{}.{}".format(*sys.version_info)
    if made_for["python"] not in ("any", own):
        raise Refused(f"The pack is for Python {made_for['python']}, and this is {own}. Start it with that one.")
    if made_for["platform"] != "any" and not sysconfig.get_platform().startswith(made_for["platform"]):
        raise Refused(f"The pack is for {made_for['platform']}, and this machine is {sysconfig.get_platform()}.")


def installed(archive: zipfile.ZipFile, manifest: dict[str, Any], folder: Path) -> int:
    """Make an environment of its own in the folder, and unpack the wheels into it."""
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty. Name a new folder.")
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})
    for each in manifest["files"]:
        if each["name"].endswith(".whl"):
            with zipfile.ZipFile(io.BytesIO(archive.read(each["name"]))) as wheel:
                wheel.extractall(paths["purelib"])
    scripts = Path(paths["scripts"])
    program = written(scripts)
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    command = [str(python), "-I", "-c", LAUNCH, "--version"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  what was just unpacked
    if done.returncode:
        raise Refused(f"What was installed does not start on {platform.platform()}:\n{done.stderr}")
    print(f"Installed: {done.stdout.strip()}\n\n  {program} validate FILE")
    return 0


def written(scripts: Path) -> Path:
    """The program that people start."""
    if os.name == "nt":
        program = scripts / "case-returns.cmd"
        program.write_text(f'@"%~dp0python.exe" -I -c "{LAUNCH}" %*\r\n', encoding="ascii")
        return program
    program = scripts / "case-returns"
    # by way of sh, because a line that names the interpreter takes no blank in a path
    program.write_text(f'#!/bin/sh\nexec "$(dirname "$0")/python" -I -c "{LAUNCH}" "$@"\n', encoding="ascii")
    program.chmod(0o755)
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
