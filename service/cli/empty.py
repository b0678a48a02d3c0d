"""What is said of a file in which there is no row: it is accepted, and its emptiness may be what it says."""

from __future__ import annotations

from service.contract.model import Part, Role


def of_no_row(part: Part, received: int) -> tuple[str, ...]:
    """A note, where a file held no row. The other parts are a stock that is replaced whole, so an empty file of theirs
    says that there is none; an empty file of cases changes nothing, unless it is sent as all that there is."""
    if received:
        return ()
    if Role.KEY in part.by_role:
        means = "Sent as changes it changes nothing; sent as a snapshot it says that there is not one case."
    else:
        means = f"Sent, it says that there is none, and takes away all that the return has in its part '{part.name}'."
    return (f"There is no row in this file, so nothing was checked. {means}",)
