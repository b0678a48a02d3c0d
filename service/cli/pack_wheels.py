"""Wheels from what is installed here: the pack has what runs here, to the byte, and fetches nothing.

An installed distribution lists its files with their digests; each is read again and held against it. Our own wheel is
made of the package as it stands and of the contracts that the pack is to carry.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.contract.library import contracts_root
from service.contract.spreadsheets import FILE
from service.errors import CaseReturnsError

OURS: Final = "case-returns"
FOR_CHECKING: Final = ("click", "msgspec", "platformdirs", "pyyaml", "rich", "sqlglot", "tzdata", "xlsxwriter")
"""What the commands need that work on a file where it is; what these need comes with them."""

_LEFT: Final = re.compile(r"(^|/)(__pycache__/|INSTALLER$|REQUESTED$|direct_url\.json$|RECORD$|uv_\w+\.json$)")
"""What an installer writes beside a distribution's own files."""
_REQUIRED: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?[^;]*(?:;(.*))?")
_PLATFORM: Final = re.compile(r"(?:many)?(linux|win)(?:[0-9]+)?(?:_[0-9]+_[0-9]+)?_|(?<=^macosx)_.*")
"""What wheels call a platform: ``manylinux2014_x86_64``, ``manylinux_2_28_x86_64``, ``win_amd64``; of a Mac only that
it is one, because Python and wheels call the rest by different names."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class NotPackable(CaseReturnsError):
    """Something that is installed here cannot be packed."""

    code = "not-packable"


class Wheel(Struct, frozen=True):
    """A wheel under the name that says what it fits."""

    name: str
    content: bytes


def closure(roots: Iterable[str]) -> tuple[str, ...]:
    """Distributions with all that they need and that is installed here, each once, by name. What is not installed is
    not needed here: its marker or its extra does not hold."""
    found: dict[str, None] = {}
    waiting = list(roots)
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            requires = distribution(name).requires or ()
        except PackageNotFoundError:
            continue
        found[name] = None
        waiting += [needed for each in requires if (needed := _needed(each)) is not None]
    return tuple(sorted(found))


@lru_cache(maxsize=64)
def wheel_of(name: str) -> Wheel:
    """An installed distribution as a wheel again."""
    of = distribution(name)
    files: dict[str, bytes] = {}
    for path in of.files or ():
        place = path.as_posix()
        if _LEFT.search(place) or place.startswith("../"):  # scripts beside it are an installer's
            continue
        content = path.read_binary()
        if path.hash is not None and _digest(content, path.hash.mode) != path.hash.value:
            raise NotPackable(f"{place} of {name} is not what was installed.", "Install it again, then pack.")
        if ".data/" in place:
            raise NotPackable(f"{name} has files outside of its package.", "It cannot be unpacked as it is.")
        files[place] = content
    return _wheel(of, files)


def our_wheel(contracts: Path) -> Wheel:
    """This package with these contracts inside, and with its own table of what spreadsheets do, if they have none."""
    package = Path(__file__).resolve().parent.parent
    files: dict[str, bytes] = {}
    for path in sorted(package.rglob("*")):
        place = path.relative_to(package)
        if path.is_file() and "__pycache__" not in place.parts and place.parts[0] != "_contracts":
            files[f"service/{place.as_posix()}"] = path.read_bytes()
    for path in sorted(contracts.rglob("*")):
        if path.is_file():
            files[f"service/_contracts/{path.relative_to(contracts).as_posix()}"] = path.read_bytes()
    files.setdefault(f"service/_contracts/{FILE}", (contracts_root() / FILE).read_bytes())
    of = distribution(OURS)
    for each in of.files or ():
        if ".dist-info/" in each.as_posix() and not _LEFT.search(each.as_posix()):
            files[each.as_posix()] = each.read_binary()
    return _wheel(of, files)


def pins(names: Iterable[str]) -> tuple[str, ...]:
    """Distributions with the versions that are installed here, as an installer takes them."""
    return tuple(f"{name}=={distribution(name).version}" for name in names)


def wheels_in(folder: Path, names: Iterable[str]) -> list[Wheel]:
    """The wheels of these distributions in a folder, in the versions that are installed here: for another machine."""
    known = {path.name: path for path in sorted(folder.glob("*.whl"))}
    by_pin = {f"{_normal(name.split('-')[0])}=={name.split('-')[1]}": name for name in known}
    lacking = [pin for pin in pins(names) if pin not in by_pin]
    if lacking:
        says = f"{folder} has no wheel of {', '.join(lacking)}."
        raise NotPackable(says, "case-returns pack --needs prints all that are needed; pip download gets them.")
    return [Wheel(by_pin[pin], known[by_pin[pin]].read_bytes()) for pin in pins(names)]


def made_for(wheels: Iterable[Wheel]) -> tuple[str, str]:
    """The Python (3.11) and the platform, as Python itself calls it, that wheels are for; *any* where it is all."""
    python, platform = set[str](), set[str]()
    for wheel in wheels:
        own, abi, machine = wheel.name.removesuffix(".whl").split("-")[-3:]
        if abi not in ("none", "abi3"):
            python.add(own.removeprefix("cp3"))
        if machine != "any":
            platform.add(_PLATFORM.sub(lambda found: f"{found[1]}-" if found[1] else "", machine.split(".")[0]))
    if len(python) > 1 or len(platform) > 1:
        says = f"The wheels are for several: Python 3.{', 3.'.join(sorted(python))}; {', '.join(sorted(platform))}."
        raise NotPackable(says, "Take those of one Python and one platform.")
    return f"3.{python.pop()}" if python else "any", platform.pop() if platform else "any"


def _wheel(of: Distribution, files: Mapping[str, bytes]) -> Wheel:
    name = _normal(of.metadata["Name"]).replace("-", "_")
    info = next((place.partition("/")[0] for place in files if ".dist-info/" in place), None)
    if info is None or not any(not place.startswith(f"{info}/") for place in files):
        raise NotPackable(f"{name} is installed in a way that leaves nothing to pack.", "Install it as a wheel.")
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    rows.writerows((place, f"sha256={_digest(content, 'sha256')}", len(content)) for place, content in files.items())
    rows.writerow((f"{info}/RECORD", "", ""))
    content = archived({**files, f"{info}/RECORD": record.getvalue().encode()})
    return Wheel(f"{name}-{of.version}-{_tag(of)}.whl", content)


def _tag(of: Distribution) -> str:
    """What the wheel was made for, from all the tags that it names."""
    tags = [line.partition(":")[2].strip().split("-") for line in _lines(of) if line.startswith("Tag:")]
    return "-".join(".".join(sorted(set(each))) for each in zip(*tags, strict=True)) or "py3-none-any"


def _lines(of: Distribution) -> Iterator[str]:
    yield from (of.read_text("WHEEL") or "").splitlines()


def archived(files: Mapping[str, bytes], *, stored: bool = False) -> bytes:
    """A zip archive that is the same for the same files, whenever it is made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for place, content in files.items():
            entry = zipfile.ZipInfo(place, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = archive.compression
            archive.writestr(entry, content)
    return out.getvalue()


def _needed(requirement: str) -> str | None:
    """The name of what a distribution needs, None for what only an extra of it does."""
    found = _REQUIRED.match(requirement)
    return None if found is None or "extra" in (found[3] or "") else found[1]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _digest(content: bytes, mode: str) -> str:
    return base64.urlsafe_b64encode(hashlib.new(mode, content).digest()).rstrip(b"=").decode()
