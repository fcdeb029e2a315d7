"""The data of locations: complete, in order, and as ISO 3166 has it."""

import pytest

from seal53.zones import geography
from seal53.zones.geography import Location, is_location, starting


def test_every_country_has_a_name_and_a_continent() -> None:
    assert len(geography.COUNTRIES) == 246
    assert geography.COUNTRIES.keys() == geography.CONTINENT_OF.keys()
    assert set(geography.CONTINENT_OF.values()) == set(geography.CONTINENTS)
    assert all(code.isalpha() and code.isupper() and len(code) == 2 for code in geography.COUNTRIES)
    assert all(0 < len(name) <= 64 and name == name.strip() for name in geography.COUNTRIES.values())
    samples = {"DE": ("EU", "Germany"), "JP": ("AS", "Japan"), "NZ": ("OC", "New Zealand")}
    samples |= {"ZA": ("AF", "South Africa"), "BR": ("SA", "Brazil"), "MX": ("NA", "Mexico")}
    samples |= {
        "AQ": ("AN", "Antarctica"),
        "AX": ("EU", "Åland"),
        "UM": ("OC", "U.S. Minor Outlying Islands"),
    }
    for code, (continent, name) in samples.items():
        assert (geography.CONTINENT_OF[code], geography.COUNTRIES[code]) == (continent, name)


def test_subdivisions() -> None:
    assert list(geography.SUBDIVISIONS) == ["UA", "US"]
    assert len(geography.SUBDIVISIONS["US"]) == 51  # with the District of Columbia, without territories
    assert len(geography.SUBDIVISIONS["UA"]) == 27
    assert geography.SUBDIVISIONS["US"]["WY"] == "Wyoming"
    assert geography.SUBDIVISIONS["UA"]["30"] == "Kyiv"


def test_order_is_countries_with_their_subdivisions_then_continents() -> None:
    order = geography.LOCATIONS
    assert len(order) == len(set(order)) == 1 + 246 + 51 + 27 + 7
    assert order[0] == Location(country="*")
    assert order[1] == Location(country="AD")
    assert [at.continent for at in order[-7:]] == ["AF", "AN", "AS", "EU", "NA", "OC", "SA"]
    united_states = order.index(Location(country="US"))
    assert order[united_states + 1] == Location(country="US", subdivision="AK")
    assert order[united_states + 51] == Location(country="US", subdivision="WY")
    assert order[united_states + 52] == Location(country="UY")


@pytest.mark.parametrize(
    ("codes", "known"),
    [
        (("EU", None, None), True),
        ((None, "DE", None), True),
        ((None, "*", None), True),
        ((None, "US", "CA"), True),
        ((None, "UA", "05"), True),
        (("XX", None, None), False),
        (("eu", None, None), False),
        ((None, "XX", None), False),
        ((None, "DE", "BY"), False),
        ((None, "*", "CA"), False),
        ((None, "US", "ZZ"), False),
        ((None, None, "CA"), False),
        (("NA", "US", None), False),
        (("", "", ""), False),
        ((None, None, None), False),
    ],
)
def test_is_location(codes: tuple[str | None, str | None, str | None], known: bool) -> None:
    assert is_location(*codes) is known


def test_names() -> None:
    assert Location(country="*").names == ("", "Default", "")
    assert Location(country="US", subdivision="TX").names == ("", "United States", "Texas")
    assert Location(continent="OC").names == ("Oceania", "", "")
    assert all(any(at.names) for at in geography.LOCATIONS)


def test_a_list_starts_at_a_place_that_need_not_exist() -> None:
    assert starting(Location()) == 0
    assert geography.LOCATIONS[starting(Location(country="DE"))] == Location(country="DE")
    assert geography.LOCATIONS[starting(Location(country="DF"))] == Location(country="DJ")
    assert starting(Location(continent="ZZ")) == len(geography.LOCATIONS)
