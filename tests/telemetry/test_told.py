"""What is told is what is declared, and what is declared is what the operator's page says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from service.telemetry.told import ATTRIBUTES, EVENTS, METRICS, SPANS
from tests.support.operate import PAGE, with_tables

SERVICE = Path(__file__).resolve().parents[2] / "service"
LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
STEPS = frozenset({"span", "traced", "each"})


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call of a function or method in the service: file, call, name."""
    for path in sorted(SERVICE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield path.relative_to(SERVICE).as_posix(), node, name


def logged() -> Iterator[tuple[str, str, set[str]]]:
    """Every call of a logger: where, the event, the keys that stand in the call."""
    for file, call, name in calls():
        owner = getattr(getattr(call.func, "value", None), "id", "")
        if owner not in ("logger", "log") or name not in LOGGING:
            continue
        event = call.args[1 if name == "log" else 0]
        extra = next((word.value for word in call.keywords if word.arg == "extra"), None)
        keys = extra.keys if isinstance(extra, ast.Dict) else []
        assert len(call.args) <= (2 if name == "log" else 1), f"{file}:{call.lineno} fills words into an event"
        yield (
            f"{file}:{call.lineno}",
            event.value if isinstance(event, ast.Constant) else "",
            {key.value for key in keys if isinstance(key, ast.Constant)},
        )


def test_the_pages_tables_are_what_is_declared() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "uv run python -m tests.support.operate"
    for declared in (*SPANS, *METRICS, *EVENTS):
        assert f"`{declared.name}`" in page


def test_every_event_that_is_logged_is_declared_with_its_keys() -> None:
    declared = {event.name: set(event.keys) for event in EVENTS}
    found = list(logged())
    assert len(found) > 8
    wrong = [place for place, event, keys in found if event and (event not in declared or not keys <= declared[event])]
    assert wrong == []
    unnamed = {place.partition(":")[0] for place, event, _ in found if not event}
    assert unnamed == {"returns/telling.py"}, "an event's name stands where it is logged"


def test_every_declared_event_is_logged_somewhere() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in SERVICE.rglob("*.py") if path.name != "told.py")
    assert [event.name for event in EVENTS if f'"{event.name}"' not in texts] == []


def test_every_step_is_declared_and_every_declared_step_is_taken() -> None:
    steps = {
        call.args[0].value
        for file, call, name in calls()
        if name in STEPS and call.args and isinstance(call.args[0], ast.Constant)
        if "service.telemetry.spans" in (SERVICE / file).read_text(encoding="utf-8")
    }
    made = {span.name for span in SPANS if " " in span.name}
    assert len(made) == 2
    assert steps == {span.name for span in SPANS} - made


def test_everything_that_is_carried_is_described() -> None:
    carried = {name for span in SPANS for name in span.attributes} | {name for each in METRICS for name in each.labels}
    assert carried == set(ATTRIBUTES)


def test_what_decides_has_no_spans_in_it() -> None:
    for pure in ("criteria", "contract"):
        for path in (SERVICE / pure).rglob("*.py"):
            assert "telemetry" not in path.read_text(encoding="utf-8"), path
