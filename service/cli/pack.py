"""``case-returns pack``: one file that installs and runs on a force's machine without any network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

from service import __version__
from service.cli.output import as_json
from service.cli.standard import CONTRACT_HELP, standard
from service.cli.target import OVERWRITE, may_be_written, written_whole

_README = """\
Case Returns {version}: checks a file of your force where it is, without any network.

You need Python {python} on {platform}, and no right of an administrator.

  1. Compare the digest of this file with the one that you were told:
       sha256sum {name}                                   (Linux)
       certutil -hashfile {name} SHA256                   (Windows)
  2. Install it into a new folder. Every file in it is checked against its digest first:
       python {name} FOLDER
  3. Check your file:
       FOLDER/bin/case-returns validate cases.csv         (Linux)
       FOLDER\\Scripts\\case-returns validate cases.csv     (Windows)

Removing the folder removes all of it. `case-returns --help` says what else it can do.
The wheels in it are those of the packages that it needs, as they were published; their licences are in them.
"""


@click.command(epilog="Example: case-returns pack --out case-returns.pyz")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; call it .pyz.")
@click.option("--contract", "version", metavar="VERSION|FOLDER", help=f"What it checks by. {CONTRACT_HELP}")
@click.option("--wheels", type=click.Path(path_type=Path, exists=True, file_okay=False), help="For another machine.")
@click.option("--needs", is_flag=True, help="Only print which packages it needs, with their versions.")
@OVERWRITE
def pack(out: Path | None, version: str | None, wheels: Path | None, needs: bool, overwrite: bool) -> None:
    """Make one file that installs and runs without any network.

    It holds this program, the packages that checking a file needs as they are installed here, and the contracts;
    nothing is fetched. It is for the Python and the kind of machine that made it. Whoever gets it starts it with
    Python: it checks every file against its digest, makes an environment in a new folder, and needs no pip.

    For another machine (Windows, another Python), get its wheels first and name their folder:

    \b
      case-returns pack --needs > needs.txt
      pip download --no-deps -r needs.txt --only-binary :all: --platform win_amd64 --python-version 3.12 -d wheels
      case-returns pack --wheels wheels --out case-returns.pyz
    """
    from service.cli.pack_wheels import FOR_CHECKING, archived, closure, made_for, our_wheel, pins, wheel_of, wheels_in

    names = closure(FOR_CHECKING)
    if needs:
        click.echo("\n".join(pins(names)))
        return
    if out is None:
        raise click.UsageError("Say where to write it: --out case-returns.pyz.")
    may_be_written(out, overwrite=overwrite)
    library, _ = standard(version)
    theirs = [wheel_of(name) for name in names] if wheels is None else wheels_in(wheels, names)
    packed = [our_wheel(library.root), *theirs]
    python, platform = made_for(packed)
    files = {f"wheels/{wheel.name}": wheel.content for wheel in packed}
    words = _README.format(version=__version__, name=out.name, python=python, platform=platform)
    files["README.txt"] = words.encode()
    manifest = {
        "product": "Case Returns",
        "version": __version__,
        "made_for": {"python": python, "platform": platform},
        "contracts": {name: contract.hash for name, contract in library.contracts.items()},
        "files": [_listed(name, content) for name, content in files.items()],
    }
    program = (Path(__file__).parent / "pack_install.py").read_bytes()
    first = {"__main__.py": program, "MANIFEST.json": as_json(manifest).encode()}
    content = archived({**first, **files}, stored=True)
    with written_whole(out) as file:
        file.write(content)
    click.echo(f"{out}: {len(content) / 1e6:.1f} MB, {len(packed)} wheels, for Python {python} on {platform}.")
    click.echo(f"SHA-256: {hashlib.sha256(content).hexdigest()}")
    click.echo(f"Install: python {out.name} FOLDER")


def _listed(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
