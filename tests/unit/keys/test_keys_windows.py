"""The windows of DNSKEY signatures: at each second exactly one is served, and it lasts."""

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from seal53 import keys
from seal53.keys import policy

NOW = 1_790_000_000
MARGIN_S = 3600


def test_they_have_the_observed_shape():
    made = keys.windows(1_727_536_000)  # 2024-09-28 15:06:40 UTC
    assert len(made) == 15
    assert made[0].inception == 1_727_532_000  # 14:00
    assert made[0].since == made[0].inception
    for i, window in enumerate(made):
        assert window.inception % 3600 == 0
        assert window.expiration - window.inception == 11 * 3600
        assert window.inception == made[0].inception + i * 8 * 3600
        if i:
            assert window.since == window.inception + 3600


@given(st.integers(min_value=0, max_value=2**33))
def test_the_first_is_valid_since_an_hour_ago_at_the_least(now):
    first = keys.windows(now)[0]
    assert now - 7200 < first.inception <= now - 3600
    assert first.since <= now < first.expiration


def test_for_five_days_each_second_has_one_window_that_outlives_the_caches():
    for start in (NOW - NOW % 3600, NOW - NOW % 3600 + 3599, NOW):
        made = keys.windows(start)
        begins = [w.since for w in made]
        assert begins == sorted(set(begins))
        for now in range(start, start + 5 * 86400 - 3600):
            window = made[bisect_right(begins, now) - 1]
            assert window.inception + policy.WINDOW_LEAD_S <= now
            assert now + policy.DNSKEY_TTL_S + MARGIN_S <= window.expiration


@given(st.integers(min_value=0, max_value=2**33), st.integers(min_value=0, max_value=5 * 86400 - 3600))
def test_what_is_served_is_the_newest_that_has_begun(start, later):
    made = keys.windows(start)
    served = keys.served_at(made, start + later)
    assert served is not None
    assert served.since <= start + later
    assert not [w for w in made if served.since < w.since <= start + later]


def test_nothing_stale_is_served():
    made = keys.windows(NOW)
    end = keys.exhausted_at(made)
    assert keys.served_at(made, end - 1) == made[-1]
    assert keys.served_at(made, end) is None
    assert keys.served_at(made, made[0].since - 1) is None
    assert keys.served_at([], NOW) is None
    assert keys.exhausted_at([]) == 0
    assert end >= NOW + 5 * 86400


def test_a_day_of_failed_refreshes_leaves_four():
    assert keys.exhausted_at(keys.windows(NOW)) - keys.refresh_at(NOW) > 4 * 86400
