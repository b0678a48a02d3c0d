"""What a coordinator sees of the answers of forces: what stands from before, what lapsed, what is new."""

from __future__ import annotations

from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good, problem

PATH = "/api/national/answers"
RULE = "Q337"


def many(case_ref: str, suspects: int = 70) -> dict[str, str]:
    count = str(suspects)
    return a_case(case_ref, suspect_count=count, suspects_not_recorded=count)


async def sealed(served: Served, force: str, period: str, rows: list[dict[str, str]]) -> None:
    item = Return(await served.client(force), force, period)
    await item.open()
    await item.upload(csv_of(rows))
    await item.explain_all()
    await item.seal()


async def test_a_coordinator_sees_answered_lapsed_and_new_by_rule_and_by_force(served: Served) -> None:
    await sealed(served, "kent", "2025-11", [many("K/1"), many("K/2")])
    await sealed(served, "kent", "2025-12", [many("K/1", 80), many("K/3")])
    await sealed(served, "essex", "2025-12", [many("E/1")])
    nca = await served.client(None, body="nca")

    (rule,) = [item for item in good(await nca.get(PATH))["items"] if item["rule"] == RULE]
    assert (rule["answered"], rule["lapsed"], rule["new"], rule["forces"]) == (0, 1, 2, 2)
    forces = good(await nca.get(rule["links"]["forces"]))["items"]
    assert [(each["force"], each["period"], each["lapsed"], each["new"]) for each in forces] == [
        ("kent", "2025-12", 1, 1),
        ("essex", "2025-12", 0, 1),
    ]
    (before,) = good(await nca.get(f"{PATH}/{RULE}", params={"period": "2025-11"}))["items"]
    assert (before["force"], before["new"], before["revision"]) == ("kent", 2, 1)


async def test_only_a_national_body_sees_it_and_only_of_what_there_is(served: Served, november: Return) -> None:
    nca = await served.client(None, body="nca")
    assert good(await nca.get(PATH))["items"] == []
    problem(await nca.get(PATH, params={"period": "November"}), 422, "parameter")
    problem(await nca.get(f"{PATH}/Q999"), 404)
    problem(await november.client.get(PATH), 403)
