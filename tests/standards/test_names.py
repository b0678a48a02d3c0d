"""The code names roles, never a field, code, list, set or rule of a standard: those stand in data alone.

Text literals of ``service/`` are looked through, but for docstrings (which explain by example), the demo generator and
the pages' templates. Where a literal is a word of the standard by chance, or by another right, ``ALLOWED`` says which.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.contract.library import Library, load_library
from service.contract.model import Role
from tests.support.hmda import FOLDER

SERVICE = Path(__file__).parent.parent.parent / "service"
EXEMPT = ("demo/", "cli/demo.py", "cli/walkthrough.py")
"""The synthetic country, the command that makes it, and the lines for a shell that it prints: made for one standard."""

ALLOWED = {
    "cases": "the path of the case part, and the count of its rows",
    "force": "who reports: a claim, a path and a column, whatever the standard is about",
    "kent": "an example of a force in the API's document",
    "settings-2025": "an example of a list there",
    "Q335": "an example of a rule there",
    "decided_by": "a column of rule notices: who adopted one; by chance a field",
    "state": "where a version, an edition or a return stands; by chance a field of the other standard",
    "nca": "a body that signs, named by the terms and not by the contract",
    "outcome": "the address of the page that says what an upload came to",
    "other": "a reason of the service's own, for what is withdrawn or set aside",
    "high": "the upper end of a range",
    "none": "a word of SQL, of HTTP and of people who leave nothing",
    "yes": "what Yes is called in YAML, in forms and in a workbook's boolean cells",
    "no": "the same for No",
}
WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+")


def words_of(library: Library) -> set[str]:
    """Every name that a standard gives to something, but for what is a number."""
    found: set[str] = set()
    for contract in library.contracts.values():
        found |= {field.name for part in contract.parts.values() for field in part.fields}
        found |= {code.code for item in contract.lists.values() for code in item.codes}
        found |= set(contract.lists) | set(contract.vocabulary.sets) | set(contract.rule)
    return {word for word in found if not word.isdigit() and len(word) > 1} - set(map(str, Role))


def literals(source: str) -> Iterator[tuple[int, str]]:
    """The text literals of a module with their lines, without docstrings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (isinstance(node, documented) and body) or isinstance(body, list):
            docs |= {id(each.value) for each in body if isinstance(each, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def told(words: set[str]) -> Iterator[tuple[str, str]]:
    """Each word of a standard that stands in a literal: alone, or inside one where it is no word of the language."""
    for path in sorted(SERVICE.rglob("*.py")):
        name = path.relative_to(SERVICE).as_posix()
        if name.startswith(EXEMPT):
            continue
        for line, text in literals(path.read_text()):
            inside = {text} | set(WORD.findall(text))
            for word in sorted(inside & words):
                yield word, f"{name}:{line}"


@pytest.mark.parametrize("root", [None, FOLDER], ids=["published", "hmda"])
def test_no_name_of_a_standard_stands_in_the_code(root: Path | None) -> None:
    found = [f"{place} says {word!r}" for word, place in told(words_of(load_library(root))) if word not in ALLOWED]
    assert not found, "\n".join(found)


def test_nothing_is_allowed_that_is_not_there() -> None:
    both = words_of(load_library()) | words_of(load_library(FOLDER))
    assert {word for word, _ in told(both)} >= ALLOWED.keys()


@pytest.mark.parametrize("planted", ["x = 'suspect_count'", "x = f'where {1} and nfa_date is null'", "x = ['19D']"])
def test_a_name_in_the_code_would_be_found(planted: str) -> None:
    words = words_of(load_library())
    assert [text for _, text in literals(planted) if ({text} | set(WORD.findall(text))) & words]
