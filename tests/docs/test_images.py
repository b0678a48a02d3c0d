"""The pictures of the documents are those that the command makes, and none is heavy."""

from __future__ import annotations

from tests.support.screenshots import FOLDER, LARGEST, SHOTS


def test_every_picture_is_there_for_a_desk_and_for_a_phone_and_no_other() -> None:
    expected = {f"{shot.name}-{screen}.png" for shot in SHOTS for screen in ("desktop", "phone")}
    assert {file.name for file in FOLDER.iterdir()} == expected, "uv run python -m tests.support.screenshots"


def test_no_picture_is_heavy() -> None:
    assert [file.name for file in FOLDER.iterdir() if file.stat().st_size > LARGEST] == []
