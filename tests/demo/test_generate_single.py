"""One force's file, in any version of the contract."""

from __future__ import annotations

from datetime import date

import pytest

from service.contract.library import contracts_root, load_library
from service.contract.model import PartName
from service.contract.values import cell_reader
from service.demo.generate import cases, plan
from service.demo.single import sample
from service.errors import Invalid

DAY = date(2026, 11, 24)
LIBRARY = load_library(contracts_root())


@pytest.mark.parametrize("version", list(LIBRARY.contracts))
def test_a_sample_has_the_fields_of_its_version_and_can_be_read(version: str) -> None:
    fields = LIBRARY.contracts[version].parts[PartName.CASE].by_name
    made = sample(LIBRARY, "kent", DAY, number=300, version=version)
    assert len(made.rows) == 300
    assert list(fields) == list(made.fields)
    assert all(row.keys() == fields.keys() for row in made.rows)
    for name, field in fields.items():
        read = cell_reader(field)
        assert not [row[name] for row in made.rows if read(row[name]).failed]


def test_without_a_number_a_sample_is_what_the_force_holds_in_the_country() -> None:
    country = plan(DAY)
    made = sample(LIBRARY, "norfolk", DAY)
    assert len(made.rows) == country.by_force["norfolk"].cases
    assert {row["case_ref"] for row in made.rows} == {
        row["case_ref"] for row in cases("norfolk", country, country.periods[-1])
    }


def test_any_force_of_the_list_can_be_sampled_at_any_size() -> None:
    assert sample(LIBRARY, "metropolitan", DAY, number=0).rows == ()
    assert len(sample(LIBRARY, "police-scotland", DAY, number=1).rows) == 1
    assert len(sample(LIBRARY, "city-of-london", DAY, number=2_000).rows) == 2_000


def test_an_unknown_force_or_version_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="atlantis"):
        sample(LIBRARY, "atlantis", DAY)
    with pytest.raises(Invalid, match=r"1999\.1"):
        sample(LIBRARY, "kent", DAY, version="1999.1")
