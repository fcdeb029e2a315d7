"""The places of geolocation through their operations."""

from collections.abc import Callable
from typing import Any

import pytest

from seal53.base import journal


def test_each_kind_of_place(a: Any) -> None:
    for codes, details in (
        ({"ContinentCode": "EU"}, {"ContinentCode": "EU", "ContinentName": "Europe"}),
        ({"CountryCode": "DE"}, {"CountryCode": "DE", "CountryName": "Germany"}),
        ({"CountryCode": "*"}, {"CountryCode": "*", "CountryName": "Default"}),
        (
            {"CountryCode": "US", "SubdivisionCode": "WA"},
            {
                "CountryCode": "US",
                "CountryName": "United States",
                "SubdivisionCode": "WA",
                "SubdivisionName": "Washington",
            },
        ),
        (
            {"CountryCode": "UA", "SubdivisionCode": "30"},
            {
                "CountryCode": "UA",
                "CountryName": "Ukraine",
                "SubdivisionCode": "30",
                "SubdivisionName": "Kyiv",
            },
        ),
    ):
        assert a("GetGeoLocation", **codes) == {"GeoLocationDetails": details}


@pytest.mark.parametrize(
    ("codes", "shown"),
    [
        ({"ContinentCode": "XX"}, "XX"),
        ({"CountryCode": "XX"}, "XX"),
        ({"CountryCode": "de"}, "de"),
        ({"CountryCode": "DE", "SubdivisionCode": "BY"}, "DE/BY"),
        ({"CountryCode": "US", "SubdivisionCode": "XX"}, "US/XX"),
    ],
)
def test_no_such_place(a: Any, codes: dict[str, str], shown: str) -> None:
    refused = a.refused("GetGeoLocation", **codes)
    assert refused == ("NoSuchGeoLocation", f"The geographic location {shown} is not known")


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ({}, "ContinentCode or CountryCode must be given"),
        ({"SubdivisionCode": "WA"}, "SubdivisionCode can be sent only together with CountryCode"),
        (
            {"ContinentCode": "NA", "CountryCode": "US"},
            "ContinentCode cannot be sent together with another code",
        ),
        (
            {"ContinentCode": "NA", "SubdivisionCode": "WA"},
            "ContinentCode cannot be sent together with another code",
        ),
    ],
)
def test_codes_that_do_not_go_together(a: Any, codes: dict[str, str], message: str) -> None:
    assert a.refused("GetGeoLocation", **codes) == ("InvalidInput", message)


def test_a_list_begins_where_it_is_told_to(a: Any) -> None:
    first = a("ListGeoLocations")
    assert (first["IsTruncated"], first["MaxItems"]) == (True, "100")
    assert len(first["GeoLocationDetailsList"]) == 100
    assert first["GeoLocationDetailsList"][:2] == [
        {"CountryCode": "*", "CountryName": "Default"},
        {"CountryCode": "AD", "CountryName": "Andorra"},
    ]
    whole = a("ListGeoLocations", MaxItems="1000")
    assert (whole["IsTruncated"], whole["MaxItems"]) == (False, "500")
    assert not [member for member in whole if member.startswith("Next")]
    assert len(whole["GeoLocationDetailsList"]) == 332
    found: list[dict[str, str]] = []
    request: dict[str, str] = {}
    while True:
        page = a("ListGeoLocations", MaxItems="50", **request)
        found += page["GeoLocationDetailsList"]
        if not page["IsTruncated"]:
            break
        following = {member: page[member] for member in page if member.startswith("Next")}
        assert following
        request = {member.replace("Next", "Start"): code for member, code in following.items()}
    assert found == whole["GeoLocationDetailsList"]


def test_starts(a: Any) -> None:
    def first(**request: str) -> dict[str, str]:
        return dict(a("ListGeoLocations", MaxItems="1", **request)["GeoLocationDetailsList"][0])

    assert first(StartContinentCode="AS") == {"ContinentCode": "AS", "ContinentName": "Asia"}
    assert first(StartCountryCode="US")["CountryName"] == "United States"
    assert first(StartCountryCode="US", StartSubdivisionCode="NY")["SubdivisionName"] == "New York"
    assert first(StartCountryCode="US", StartSubdivisionCode="ZZ")["CountryCode"] == "UY"
    end = a("ListGeoLocations", StartContinentCode="ZZ")
    assert (end["GeoLocationDetailsList"], end["IsTruncated"]) == ([], False)


def test_starts_that_do_not_go_together(a: Any) -> None:
    refused = a.refused("ListGeoLocations", StartSubdivisionCode="NY")
    message = "StartSubdivisionCode can be sent only together with StartCountryCode"
    assert refused == ("InvalidInput", message)
    refused = a.refused("ListGeoLocations", StartContinentCode="NA", StartCountryCode="US")
    message = "StartContinentCode cannot be sent together with another code"
    assert refused == ("InvalidInput", message)
    assert a.refused("ListGeoLocations", MaxItems="0")[0] == "InvalidInput"


def test_each_record_set_by_place_is_told_of_once(
    a: Any, put: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(journal, "event", lambda event, /, **facts: told.append((event, facts["set_id"])))
    zone_id = a.zone()

    def make(set_id: str, action: str = "CREATE", **policy: Any) -> dict[str, Any]:
        return put(f"{set_id[0]}.example.com", action=action, SetIdentifier=set_id, **policy)

    a.change(zone_id, make("latency", Region="eu-west-1"), make("weight", Weight=1))
    a.change(zone_id, make("geo", GeoLocation={"CountryCode": "*"}))
    a.change(zone_id, make("proximity", GeoProximityLocation={"AWSRegion": "eu-west-1"}))
    made = [("answered-by-default", set_id) for set_id in ("latency", "geo", "proximity")]
    assert told == made
    a.change(zone_id, make("latency", "UPSERT", Region="us-east-1"))  # that was said
    assert told == made
    a.change(zone_id, make("weight", "UPSERT", Region="us-east-1"))
    assert told == [*made, ("answered-by-default", "weight")]
    a.refused("ChangeResourceRecordSets", HostedZoneId=zone_id, ChangeBatch={"Changes": [make("geo")]})
    assert len(told) == 4
