"""The places that geolocation knows."""

import pytest

from seal53.zones import locations


@pytest.mark.parametrize(
    ("continent", "country", "subdivision", "known"),
    [
        ("EU", None, None, True),
        ("XX", None, None, False),
        (None, "DE", None, True),
        (None, "*", None, True),
        (None, "ZZ", None, False),
        (None, "BV", None, False),  # an ISO code that Route 53 has no data for
        (None, "US", "WA", True),
        (None, "UA", "43", False),
        (None, "UA", "11", True),
        (None, "CA", "ON", False),
        ("NA", "US", None, False),
        ("NA", None, "WA", False),
        (None, None, "WA", False),
        (None, None, None, False),
    ],
)
def test_a_location_is_a_continent_a_country_or_a_subdivision(
    continent: str | None, country: str | None, subdivision: str | None, known: bool
) -> None:
    assert locations.is_known(continent=continent, country=country, subdivision=subdivision) is known


def test_locations_are_in_the_order_of_their_codes() -> None:
    for table in (locations.CONTINENTS, locations.COUNTRIES, *locations.SUBDIVISIONS.values()):
        assert list(table) == sorted(table)
    assert len(locations.COUNTRIES) == 247
    assert [len(found) for found in locations.SUBDIVISIONS.values()] == [27, 51]
