"""Admission: who is let in, and what is told to whom is not."""

from clearhouse.demo.country import Country
from clearhouse.operations.house import House
from clearhouse.store import registers


def test_everybody_of_the_register_is_admitted(house: House, admitted: Country) -> None:
    found = registers.participants(house.db)

    assert set(found) == {one.id for one in admitted.firms()}
