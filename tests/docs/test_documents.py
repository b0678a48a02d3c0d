"""What the documents say is so: every file, link, command, option and key that they name is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
import yaml

from service.cli import command
from service.contract.measures import KNOWN, Counts
from service.contract.model import PartName, Role, Severity
from service.contract.values import Check
from service.criteria.vocabulary import Kind

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")])
MEANINGS = ROOT / "docs" / "reference" / "semantics.md"
CONTRACT_PAGE = ROOT / "docs" / "reference" / "contract.md"
KIT_PAGE = ROOT / "docs" / "reference" / "kit.md"
DECISION = ("Faced", "Chose", "Gave up", "What would change our mind", "The check")

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED = re.compile(r"`([^`\n]+)`")
IN_THE_TREE = re.compile(r"(?:service|tests|contracts|docs|scripts|\.ci)/[A-Za-z0-9_./-]*")
CALL = re.compile(r"(?:^|[\s($`])case-returns ((?:[a-z]|--)[^`)|\n]*)", re.MULTILINE)
NOT_OURS = re.compile(r"/work\b(?!-list)|\bissue #?\d|\bTODO\b|\bFIXME\b")

CITING = {".py", ".sql", ".yaml"}
CITED = re.compile(r"\(semantics ([0-9][0-9, -]*)")
NUMBER = re.compile(r"[0-9]+")
PARAGRAPH = re.compile(r"^\*\*([0-9]+)\. ", re.MULTILINE)

NAMED_BY_PUBLISHERS = ("sets", "changed", "guidance", "codes", "pairs")
"""Keys below which the keys are names that a publisher gives."""
OF_ANOTHER_SORT = ("where", "row", "set", "verdicts", "measures")
"""Keys below which they are columns of a list, fields, scope editions, measures."""


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)


@each_document
def test_every_link_leads_somewhere(path: Path) -> None:
    links = [link for link in LINK.findall(text_of(path)) if "://" not in link]
    broken = [link for link in links if not (path.parent / link).exists()]
    assert not broken


@each_document
def test_every_file_that_a_document_names_is_there(path: Path) -> None:
    named = [quoted for quoted in QUOTED.findall(text_of(path)) if IN_THE_TREE.fullmatch(quoted)]
    absent = [name for name in named if not (ROOT / name).exists()]
    assert not absent


@each_document
def test_every_command_that_a_document_shows_can_be_given(path: Path) -> None:
    wrong = [f"{words}: {problem}" for words in CALL.findall(text_of(path)) for problem in problems_of(words)]
    assert not wrong, "\n".join(wrong)


@each_document
def test_a_document_speaks_of_the_product_alone(path: Path) -> None:
    assert not NOT_OURS.findall(text_of(path))


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=name_of)
def test_a_decision_says_what_was_given_up_and_what_guards_it(path: Path) -> None:
    text = text_of(path)
    places = [text.find(f"**{heading}") for heading in DECISION]
    assert -1 not in places
    assert places == sorted(places)
    guards = [name for name in IN_THE_TREE.findall(text[places[-1] :]) if name.startswith(("tests/", ".ci/"))]
    assert guards, "the check that guards it is a test"
    assert name_of(path).removeprefix("docs/") in text_of(ROOT / "docs" / "README.md")


def test_every_paragraph_that_the_code_cites_is_there() -> None:
    numbered = {int(number) for number in PARAGRAPH.findall(text_of(MEANINGS))}
    assert numbered == set(range(1, max(numbered) + 1))
    sources = [
        path for folder in ("service", "tests") for path in (ROOT / folder).rglob("*.*") if path.suffix in CITING
    ]
    cited = {
        int(number) for path in sources for words in CITED.findall(text_of(path)) for number in NUMBER.findall(words)
    }
    assert cited - numbered == set()


def test_every_key_of_what_is_published_is_described() -> None:
    described = set(QUOTED.findall(text_of(CONTRACT_PAGE)))
    published = [path for path in (ROOT / "contracts").rglob("*.yaml") if path.parent.name != "examples"]
    used = {key for path in published for key in keys_of(yaml.safe_load(text_of(path)))}
    assert used - described == set()


def test_every_key_of_an_example_is_described() -> None:
    described = set(QUOTED.findall(text_of(KIT_PAGE)))
    used: set[str] = set()
    for path in (ROOT / "contracts").rglob("examples/*.yaml"):
        document = yaml.load(text_of(path), yaml.BaseLoader)  # noqa: S506  every value is the text that stands there
        if path.name == "clean.yaml":
            rows = [row for part in document.values() for row in part.values()]
            used |= {key for row in rows for key in row}
        else:
            used |= {key for key in keys_of(document) if key not in set(PartName)}
    assert used - described == set()


def test_every_word_that_a_key_may_have_is_described() -> None:
    described = set(QUOTED.findall(text_of(CONTRACT_PAGE)))
    words = {str(word) for kind in (Kind, Role, Severity, Check, Counts) for word in kind} | set(KNOWN)
    assert words - described == set()


def keys_of(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from keys_of(item)
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield str(key)
            if key not in OF_ANOTHER_SORT:
                named = key in NAMED_BY_PUBLISHERS and isinstance(value, Mapping)
                yield from keys_of(list(value.values()) if named else value)


def problems_of(words: str) -> Iterator[str]:
    """What is wrong with a call as a document shows it; nothing is run."""
    try:
        given = shlex.split(words.split("   ")[0].rstrip(".,;: "), comments=True)
    except ValueError as error:
        yield str(error)
        return
    group: click.Command = command
    context = click.Context(command)
    while isinstance(group, click.Group) and given and not given[0].startswith("-"):
        found = group.get_command(context, given[0])
        if found is None:
            yield f"there is no command {given[0]}"
            return
        group, given = found, given[1:]
    known = {name for parameter in group.get_params(click.Context(group)) for name in parameter.opts}
    yield from (f"there is no option {word}" for word in given if word.startswith("--") and word not in known)
