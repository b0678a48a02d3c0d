"""The kit as one archive: the same each time, complete, and named by what is in it."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from zipfile import ZipFile

from service.kit.archive import INDEX, archive_of, hash_of
from service.kit.model import MEDIA
from service.kit.read import load_kit
from service.returns.offline import validate
from service.returns.readers import media_of_name
from service.storage.database import Database
from tests.support.returns import published
from tests.support.server import a_served


@cache
def contents(version: str = "2025.1") -> dict[str, bytes]:
    made = archive_of(load_kit(published().library, published().scopes, version))
    with ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_archive_is_the_same_each_time() -> None:
    kit = load_kit(published().library, published().scopes, "2025.1")
    assert archive_of(kit) == archive_of(load_kit(published().library, published().scopes, "2025.1"))


def test_the_hash_is_over_everything_but_the_index_that_names_it() -> None:
    found = contents()
    index = json.loads(found[INDEX])
    assert index["kit"] == hash_of({name: content for name, content in found.items() if name != INDEX})
    assert index["contract"] == published().library.contracts["2025.1"].hash


def test_every_file_of_an_example_is_there_with_what_must_come_of_it() -> None:
    found = contents()
    index = json.loads(found[INDEX])
    assert len(index["examples"]) > 100
    told: set[str] = set()
    for item in index["examples"]:
        expected = json.loads(found[item["expected"]])
        folder = item["example"]
        files = expected.get("files", [])
        assert sorted(item["files"]) == sorted(f"{folder}/{file['file']}" for file in files)
        told |= {*item["files"], item["expected"], *(name for name in found if name.startswith(f"{folder}/before"))}
        told |= {name for name in found if name.startswith("return/") and name.startswith(f"{folder}/")}
    assert set(found) - told == {INDEX, "README.md"}


def test_every_medium_and_every_part_is_there() -> None:
    endings = {Path(name).suffix[1:] for name in contents()}
    assert endings == {*MEDIA, "md"}
    assert {name.split("/")[0] for name in contents() if "/" in name} == {"case", "aggregate", "workforce", "return"}


def test_a_supplier_finds_in_the_files_what_is_said_beside_them() -> None:
    """With nothing but the archive and a reader: no part of the kit's own code has a say."""
    found, contract = contents(), published().library.contracts["2025.1"]
    expected = json.loads(found["case/V220/expected.json"])
    assert [file["file"] for file in expected["files"]] == [f"case.{ending}" for ending in MEDIA]
    for file in expected["files"]:
        content = found[f"case/V220/{file['file']}"]
        report = validate(content, contract, contract.parts["case"], media_of_name(file["file"]))  # type: ignore[index]
        came = [(item.row, item.rule, item.severity, item.field) for item in report.findings]
        assert came == [tuple(item[name] for name in ("row", "rule", "severity", "field")) for item in file["findings"]]
        assert (report.received, report.held) == (file["received"], file["held"])


def test_the_readme_speaks_of_this_version() -> None:
    words = contents("2026.1")["README.md"].decode()
    assert "version 2026.1" in words
    assert "@" not in words


async def test_the_service_gives_the_kit_to_everyone_and_says_when_it_is_the_same(
    database: Database, tmp_path: Path
) -> None:
    async with a_served(database, tmp_path) as served:
        anyone = await served.bare()
        listed = (await anyone.get("/api/contracts/2025.1")).json()
        answered = await anyone.get(listed["links"]["kit"])
        assert answered.status_code == 200
        assert answered.headers["content-type"] == "application/zip"
        with ZipFile(io.BytesIO(answered.content)) as archive:
            index = json.loads(archive.read(INDEX))
        assert index["kit"][:12] in answered.headers["content-disposition"]
        again = await anyone.get(listed["links"]["kit"], headers={"If-None-Match": answered.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await anyone.get("/api/contracts/2030.1/kit")).status_code == 404
