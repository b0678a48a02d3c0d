"""Everything under ``contracts/`` as one checked value: contract versions, code lists, scopes and terms as documents.

Loading finds *all* problems and raises them together; what loads is right. Scopes and terms stand here as documents:
their own capabilities make editions of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from service.contract.codes import check_editions, read_codes
from service.contract.later import newer_than
from service.contract.load import load_contract
from service.contract.model import CodeList, Contract, PartName, Rename
from service.contract.source import LibraryErrors, Place, Problems, Table, read_yaml
from service.criteria.vocabulary import FieldType

__all__ = ["Document", "Library", "LibraryErrors", "contracts_root", "load_library", "read_library"]


class Document(Struct, frozen=True):
    """One published YAML file: ``name`` without its ending, the words as they stand, and ``digest`` of the file."""

    name: str
    file: str
    content: str
    digest: str

    def table(self, problems: Problems) -> Table:
        """A fresh reading: a ``Table`` keeps account of what was asked for, so each reader takes its own."""
        return read_yaml(self.content, self.file, problems)


class Library(Struct, frozen=True, kw_only=True, eq=False):
    """What NCA and NPCC have published, ready for use. Versions stand in their order, oldest first.

    One that was loaded is equal to itself alone, so what was made of it can be remembered by it."""

    root: Path
    contracts: Mapping[str, Contract]
    lists: Mapping[str, CodeList]
    scopes: Mapping[str, Document]
    terms: Mapping[str, Document]

    @property
    def newest(self) -> Contract:
        """The newest version there is, drafts included: what every record can be read forward to."""
        return list(self.contracts.values())[-1]


def contracts_root() -> Path:
    """The published data: beside the code in an installed package, at the top of the repository in a clone."""
    package = Path(__file__).resolve().parent.parent
    carried = package / "_contracts"
    return carried if carried.is_dir() else package.parent / "contracts"


def load_library(root: Path | None = None) -> Library:
    """The library, or ``LibraryErrors`` with every problem of the contracts and code lists.

    Scopes and terms are checked where they are understood: ``service/terms/check.py`` checks everything at once.
    """
    problems = Problems()
    library = read_library(root, problems)
    problems.raise_if_any()
    return library


def read_library(root: Path | None, problems: Problems) -> Library:
    """The library as far as it can be read, with what is wrong added to ``problems``."""
    root = contracts_root() if root is None else root
    if not (root / "returns").is_dir():
        problems.add(Place("returns", 1), f"There is no folder 'returns' in {root}.")
    lists = _read_lists(root, problems)
    contracts: dict[str, Contract] = {}
    folders = [path for path in (root / "returns").glob("*") if path.is_dir()]
    for folder in sorted(folders, key=lambda path: version_key(path.name)):
        contracts[folder.name] = load_contract(folder, lists, contracts, problems)
    _check_versions(contracts, problems)
    return Library(
        root=root,
        contracts=MappingProxyType(_beside_newer(list(contracts.values()))),
        lists=MappingProxyType(lists),
        scopes=_read_documents(root, "scopes", problems),
        terms=_read_documents(root, "terms", problems),
    )


def _beside_newer(contracts: Sequence[Contract]) -> dict[str, Contract]:
    """Each version with what those after it, which are published, call things."""
    return {
        each.version: replace(each, newer=newer_than(each, [one for one in contracts[place:] if one.state != "draft"]))
        for place, each in enumerate(contracts, 1)
    }


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Calendar versions in their order: 2025.1, 2025.2, 2025.10, 2026.1."""
    return tuple((int(piece), "") if piece.isdigit() else (0, piece) for piece in version.split("."))


def _read_lists(root: Path, problems: Problems) -> dict[str, CodeList]:
    lists: dict[str, CodeList] = {}
    files: dict[str, str] = {}
    for path in sorted((root / "codes").glob("*.csv")):
        file = f"codes/{path.name}"
        content = _read(path, file, problems)
        if content is not None:
            lists[path.stem] = read_codes(content, path.stem, file, problems)
            files[path.stem] = file
    check_editions(lists, files, problems)
    return lists


def _read_documents(root: Path, folder: str, problems: Problems) -> Mapping[str, Document]:
    found: dict[str, Document] = {}
    for path in sorted((root / folder).glob("*.yaml")):
        file = f"{folder}/{path.name}"
        content = _read(path, file, problems)
        if content is not None:
            digest = hashlib.sha256(content.encode()).hexdigest()
            found[path.stem] = Document(path.stem, file, content, digest)
    return MappingProxyType(found)


def _read(path: Path, file: str, problems: Problems) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        problems.add(Place(file, 1), "The file cannot be read.", "Save it as UTF-8.")
        return None


def _check_versions(contracts: Mapping[str, Contract], problems: Problems) -> None:
    """What storage and upgrades rest on: one name is one type in all versions, and only the first has no upgrade."""
    types: dict[tuple[PartName, str], tuple[FieldType, str]] = {}
    given_up: dict[str, str] = {}
    for place, (version, contract) in enumerate(contracts.items()):
        where = Place(f"returns/{version}/contract.yaml", 1)
        if place and contract.upgrade is None:
            problems.add(where, "The version does not say how the one before reads as this one.", "Add upgrade.yaml.")
        for step in contract.upgrade.steps if contract.upgrade else ():
            if isinstance(step, Rename):
                given_up[step.old] = version
        for part in contract.parts.values():
            for name in sorted(given_up.keys() & part.by_name.keys()):
                says = f"'{name}' was given up in {given_up[name]}, and a name never comes back for something else."
                problems.add(where, says, "Take another name.")
            for field in part.vocabulary.fields.values():
                known, since = types.setdefault((part.name, field.name), (field, version))
                if (known.kind, _stem(known.list)) != (field.kind, _stem(field.list)):
                    says = f"'{field.name}' of part {part.name} is not of the type that it has in {since}."
                    problems.add(where, says, "Give the changed field a name of its own, or declare how it is recoded.")


def _stem(codes: str | None) -> str | None:
    """What the editions of a list have in common: an ordinal keeps its code through all of them."""
    return None if codes is None else codes.rpartition("-")[0]
