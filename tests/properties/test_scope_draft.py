"""Laws of reading a draft: whatever is sent is a draft or a list of places, and a place is where the thing stands."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.library import load_library
from service.contract.source import Problems, Text, read_yaml
from service.contract.spots import place_in
from service.contract.written import JSON, YAML, DraftErrors
from service.scope.draft import Draft, read_again, read_draft
from tests.support.drafts import DRAFT, as_json

LIBRARY = load_library()
WORDS = st.lists(st.sampled_from(["a", "bc", "'", '"', "\\", "é", "😀", "#", ":", "x y", "%"]), min_size=1).map(
    "  ".join
)
STYLES = st.sampled_from([None, "'", '"', "|", ">"])


@settings(max_examples=300, deadline=None)
@given(WORDS, STYLES, st.integers(20, 80), st.sampled_from(["", "\n", "\n\n"]))
def test_the_place_of_a_character_is_where_it_stands(words: str, style: str | None, width: int, between: str) -> None:
    value = f"{words}{between} {words}"
    content = "# before\n" + yaml.dump(
        {"k": [{"when": value}]}, default_style=style, width=width, allow_unicode=width % 2 == 0
    )
    (item,) = read_yaml(content, "", Problems()).tables(_first_key(content))
    found = next(node for name in item.names() if isinstance(node := item.node(name), Text))
    lines = content.split("\n")
    for offset, letter in enumerate(found.value):
        place = place_in(content, found, offset)
        here = lines[place.line - 1][place.column - 1 :]
        assert letter.isspace() or here[0] in (letter, "\\"), (letter, here)


def _first_key(content: str) -> str:
    return read_yaml(content, "", Problems()).names()[0]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([YAML, JSON]))
def test_bytes_of_any_kind_are_refused_in_words(content: bytes, media: str) -> None:
    _read(content, media)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([YAML, JSON]))
def test_a_draft_with_any_slip_is_read_or_told_in_its_place(data: st.DataObject, media: str) -> None:
    text = DRAFT if media == YAML else as_json(yaml.safe_load(DRAFT))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 9)))
    typed = data.draw(st.text(st.sampled_from("ab:-[]{}\"'|>&*!#\\,\n \t2é😀"), max_size=4))
    _read((text[:start] + typed + text[end:]).encode(), media)


def _read(content: bytes, media: str) -> None:
    try:
        read = read_draft(content, media, LIBRARY)
        assert isinstance(read, Draft)
        assert read_again(read.document, LIBRARY).edition.hash == read.edition.hash
    except DraftErrors as errors:
        lines = content.decode("utf-8-sig", "replace").splitlines() or [""]
        for problem in errors.problems:
            assert problem.says
            assert problem.do
            assert 1 <= problem.line <= len(lines) + 1
            assert problem.column >= 1
