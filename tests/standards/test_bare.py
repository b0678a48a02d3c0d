"""The least that is a standard: a key and a stage. Nothing else may be needed to read, judge and count by it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import command
from service.contract.library import load_library
from service.contract.values import Check

NOT_IN_BARE = {
    *(Check.NUMBER, Check.DECIMAL, Check.DATE, Check.PATTERN, Check.BOUNDS),
    *(Check.FORMER_IN_USE, Check.SUM_EXCEEDS, Check.SUM_DIFFERS, Check.DUPLICATE_CELL),
}
"""Checks that find nothing in a standard without such fields, sums and roles, so that it needs no rule for them."""


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def checks_by_rule(root: Path) -> dict[str, str | None]:
    """What the rules of a folder's only version stand for."""
    (contract,) = load_library(root).contracts.values()
    return {rule.id: rule.check for rule in contract.rules}


CONTRACT = """
version: "1"
state: draft
title: Bare
parts:
  case:
    title: Things
    row_is: one thing
    fields:
      - {name: id, ordinal: 0, type: text, role: key, required: yes, exact: yes, label: Id, meaning: What it is.}
      - {name: step, ordinal: 1, type: code, list: steps-1, role: stage, required: yes, exact: yes, label: Step,
         meaning: Where it is.}
"""
STEPS = "# title: Steps\n# source: made up\ncode,title,ordinal\nin,In,0\nout,Out,1\n"
RULE = "  - {{id: B{}, parts: [case], check: {}, severity: validity, says: Wrong., fix: Mend it.}}\n"
SCOPE = """
edition: {}
title: T
state: draft
vocabulary: "1"
rules:
  - {{id: r, title: R, guidance: G, when: step = '{}'}}
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """One part with a key and a stage, a rule for each check that can find anything, two scopes, no terms."""
    root = tmp_path / "bare"
    for name in ("codes", "returns/1", "scopes"):
        (root / name).mkdir(parents=True)
    (root / "codes" / "steps-1.csv").write_text(STEPS)
    (root / "returns" / "1" / "contract.yaml").write_text(CONTRACT)
    rules = [RULE.format(place, check) for place, check in enumerate(sorted(set(Check) - NOT_IN_BARE), 10)]
    (root / "returns" / "1" / "rules.yaml").write_text("rules:\n" + "".join(rules))
    for name, code in (("one", "in"), ("two", "out")):
        (root / "scopes" / f"{name}.yaml").write_text(SCOPE.format(name, code))
    return root


def test_a_standard_without_optional_roles_parts_rules_or_terms_is_loaded_judged_and_counted(
    bare: Path, tmp_path: Path
) -> None:
    file = tmp_path / "things.csv"
    file.write_text("id,step\nA/1,in\nA/2,out\nA/3,in\n")
    assert ran("validate", file, "--contract", bare).exit_code == 0
    document = json.loads(ran("tally", file, "--contract", bare, "--scope", "one", "--format", "json").output)
    assert document["totals"]["in_scope"] == 2
    file.write_text("id,step\nA/1,in\nA/1,gone\n")
    found = list(csv.DictReader(io.StringIO(ran("validate", file, "--contract", bare, "--format", "csv").output)))
    assert Counter(checks_by_rule(bare)[row["rule"]] for row in found) == {Check.DUPLICATE_KEY: 2, Check.CODE: 1}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("validate", "FILE", "--contract", "BARE/scopes"), "no folder 'returns' in it"),
        (("validate", "FILE", "--contract", "BARE", "--part", "workforce"), "has no part workforce"),
        (("tally", "FILE", "--contract", "BARE"), "Say which scope edition"),
        (("tally", "FILE", "--contract", "BARE", "--scope", "three"), "There are: one, two."),
        (("validate", "FILE", "--contract", "no-such-folder"), "and no such folder"),
    ],
)
def test_what_the_folder_does_not_have_is_wrong_usage(
    bare: Path, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "things.csv"
    file.write_text("id,step\nA/1,in\n")
    shown = ran(*(each.replace("FILE", str(file)).replace("BARE", str(bare)) for each in arguments))
    assert shown.exit_code == 2
    assert says in " ".join(shown.output.split())
