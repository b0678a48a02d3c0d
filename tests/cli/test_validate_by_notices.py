"""``case-returns validate --notices``: the rules as notices in a file have them, by their signatures or saying not."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import command
from service.contract.notices import SIGNED_TYPE
from service.identity.keys import SigningKeys, ensure_keys
from tests.support.rows import a_row, as_csv


class Folder:
    """What a force has: a file of cases, the notices and the keys that it saved."""

    def __init__(self, folder: Path) -> None:
        self.cases, self.notices, self.keys = (folder / name for name in ("cases.csv", "notices.json", "keys.json"))
        self.cases.write_text(as_csv([a_row(case_ref="K/1", victim_count=0)]))
        ensure_keys(folder / "signing-keys.json")
        self._signing = SigningKeys(folder / "signing-keys.json")
        self.keys.write_text(json.dumps(self._signing.current().public))
        self.save({})

    def save(self, said: dict[str, Any], **document: Any) -> None:
        """A notice about the case above, signed as ``said``, and written as ``document`` has it."""
        notice = {
            "id": "2026-01-q335",
            "contracts": ["2025.1"],
            "rule": "Q335",
            "severity": "validity",
            "from": "2026-01-01",
            "until": None,
            "why": "It is so.",
            "issued_by": "nca",
            "position": 7,
        } | said
        signature = self._signing.sign(notice, SIGNED_TYPE)
        shown = {**notice, "state": "in_force", "signature": signature} | document
        self.notices.write_text(json.dumps({"items": [shown, {**shown, "state": "proposed"}], "next": None}))

    def validate(self, *more: object) -> Result:
        arguments = ["validate", self.cases, "--contract", "2025.1", "--notices", self.notices, *more]
        return CliRunner().invoke(command, [str(each) for each in arguments])


@pytest.fixture
def force(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_notice_that_is_signed_is_applied_and_named(force: Folder) -> None:
    ran = force.validate("--keys", force.keys, "--format", "json")
    assert ran.exit_code == 1, "the row is held now"
    document = json.loads(ran.stdout)
    found = next(item for item in document["items"] if item["rule"] == "Q335")
    assert (found["severity"], found["notice"], document["held"]) == ("validity", "2026-01-q335", 1)
    assert found["fix"].startswith("Correct the number;")
    assert "Words cannot answer it" in found["fix"]
    assert document["notes"] == ["Rule notices that hold today: 2026-01-q335; their signatures hold."]
    lines = csv.DictReader(io.StringIO(force.validate("--format", "csv").stdout))
    assert "2026-01-q335" in {line["notice"] for line in lines}


def test_a_rule_that_is_off_is_listed_as_not_run(force: Folder) -> None:
    force.save({"severity": "off"})
    ran = force.validate("--keys", force.keys)
    assert ran.exit_code == 0
    assert "Q335: it is off under notice 2026-01-q335" in ran.stdout
    assert "No victim is counted" not in ran.stdout


def test_a_notice_that_was_replaced_when_the_file_was_saved_still_counts(force: Folder) -> None:
    force.save({}, state="superseded")
    assert "Rule notices that hold today: 2026-01-q335" in force.validate("--keys", force.keys).stdout


def test_without_keys_it_says_that_signatures_are_not_checked(force: Folder) -> None:
    assert "their signatures are not checked" in force.validate().stdout


@pytest.mark.parametrize(
    ("said", "document"),
    [
        ({}, {"severity": "off"}),
        ({}, {"position": 8}),
        ({}, {"signature": None}),
        ({}, {"signature": "eyJhbGciOiJub25lIn0.e30."}),
        ({"severity": "often"}, {}),
        ({"position": "first"}, {}),
    ],
)
def test_a_notice_that_is_not_what_was_signed_is_refused(
    force: Folder, said: dict[str, Any], document: dict[str, Any]
) -> None:
    force.save(said, **document)
    ran = force.validate("--keys", force.keys)
    assert ran.exit_code != 0
    assert "2026-01-q335" in str(ran.exception)


def test_a_notice_signed_by_another_key_is_refused(force: Folder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Folder(tmp_path / "other")
    ran = force.validate("--keys", other.keys)
    assert ran.exit_code != 0
    assert "does not hold" in str(ran.exception)


@pytest.mark.parametrize("content", ["{", "[1]", '{"items": 3}', "{}"])
def test_a_file_that_holds_no_notices_is_said_to(force: Folder, content: str) -> None:
    force.notices.write_text(content)
    ran = force.validate()
    assert ran.exit_code != 0
    assert "notices.json" in str(ran.exception)
    force.save({})
    force.keys.write_text(content)
    assert "keys.json holds no keys" in str(force.validate("--keys", force.keys).exception)


def test_keys_alone_are_wrong_usage(force: Folder) -> None:
    ran = CliRunner().invoke(command, ["validate", str(force.cases), "--keys", str(force.keys)])
    assert ran.exit_code == 2
