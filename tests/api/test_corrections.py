"""Over HTTP: what a correction of an older month offers, and putting it into the open return in one action."""

from __future__ import annotations

from tests.support.rows import a_row, as_csv
from tests.support.server import Return, good, problem


async def sealed(item: Return, *rows: dict[str, object], **opening: int) -> None:
    await item.open(**opening)
    await item.upload(as_csv(list(rows)))
    await item.explain_all()
    await item.seal()


async def test_corrections_of_an_older_month_are_offered_and_carried_in_one_action(november: Return) -> None:
    december, january = (Return(november.client, period=period) for period in ("2025-12", "2026-01"))
    await sealed(november, a_row(case_ref="K/1"), a_row(case_ref="K/2"))
    path = f"{november.path}/corrections"
    problem(await november.client.get(path), 409, "not-a-branch")
    await sealed(december, a_row(case_ref="K/2", setting="gang"))
    newest = await december.read()
    await sealed(november, a_row(case_ref="K/1", suspect_count=7), a_row(case_ref="K/2", setting="other"), corrects=1)
    branch = await november.read()
    assert branch["next"].startswith("Sealed, beside the newest return. It corrected 2 cases")
    assert await december.read() == newest
    problem(await november.client.post(path, json={}), 409, "nothing-open")
    offered = good(await november.client.get(branch["links"]["corrections"]))
    assert (offered["corrected"], offered["into"], offered["cases"]) == (2, None, 0)
    await january.open()
    answered = await november.client.post(path, json={})
    done = good(answered)
    assert done["into"] == {"period": "2026-01", "revision": 1}
    assert (done["cases"], done["upload"]["changed"], done["left_total"]) == (1, 1, 1)
    (left,) = done["left"]
    assert (left["fields"], left["why"]) == (["setting"], "changed_since")
    assert answered.headers["etag"] == await january.etag()
    cases = {row["case_ref"]: row for row in good(await january.client.get(f"{january.path}/cases"))["items"]}
    assert (cases["K/1"]["suspect_count"], cases["K/2"]["setting"]) == (7, "gang")
    assert good(await november.client.post(path, json={}))["upload"] is None
