"""Times that outlive their column, against Python's own whole numbers and fractions."""

import dataclasses
import zoneinfo
from datetime import UTC, timedelta, timezone
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from dateutil import tz as dateutil_zones

from ct_s5.frames._instants import Instants
from ct_s5.frames._times import read_times

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def instants(values):
    column = pd.Series(values)
    return Instants.of(read_times(column, "ds", lambda row: f"row {row}")), column


def exact(ticks, unit):
    return [Fraction(int(t), PER_SECOND[unit]) for t in ticks]


def agree(ours, theirs, a, b):
    """All comparisons and differences of two columns, one by one."""
    np.testing.assert_array_equal(ours.before(theirs), [x < y for x, y in zip(a, b, strict=True)])
    np.testing.assert_array_equal(ours.same(theirs), [x == y for x, y in zip(a, b, strict=True)])
    apart = [x - y for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(ours.since(theirs), [float(x) for x in apart], rtol=1e-15)


@pytest.mark.parametrize("other", PER_SECOND)
@pytest.mark.parametrize("unit", PER_SECOND)
def test_datetimes_of_unlike_units_compare_and_differ_exactly(unit, other):
    rng = np.random.default_rng(0)
    sides = []
    for u, shift in ((unit, 0), (other, 1)):
        seconds = np.array([-(10**9), -1, 0, 1, 1_700_000_000, 9_000_000_000]) + shift
        ticks = seconds * PER_SECOND[u] + rng.integers(0, PER_SECOND[u], len(seconds))
        ticks[2] = 0
        sides.append((instants(ticks.view(f"datetime64[{u}]"))[0], exact(ticks, u)))
    (ours, a), (theirs, b) = sides
    agree(ours, theirs, a, b)
    agree(theirs, ours, b, a)
    assert ours.same(theirs)[2]


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_whole_numbers_keep_all_their_bits(dtype):
    limits = np.iinfo(dtype)
    values = np.array([limits.min, limits.min + 1, limits.max - 1, limits.max, 7], dtype)
    later = np.array([limits.min + 1, limits.min + 3, limits.max, limits.max, 5], dtype)
    ours, theirs = instants(values)[0], instants(later)[0]
    told = [int(v) for v in values], [int(v) for v in later]
    agree(ours, theirs, *told)
    agree(theirs, ours, *reversed(told))


def test_whole_numbers_and_fractions_meet_as_floats():
    whole, parts = instants([3, -4, 2**52])[0], instants([3.5, -4.0, 1e300])[0]
    agree(whole, parts, [3.0, -4.0, 2.0**52], [3.5, -4.0, 1e300])
    agree(parts, whole, [3.5, -4.0, 1e300], [3.0, -4.0, 2.0**52])


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (pd.Timestamp("2024-03-31 03:30:00.25", tz="Europe/Berlin"), "2024-03-31 03:30:00.25"),
        (pd.Timestamp("1969-12-31 23:59:59.999999999"), "1969-12-31 23:59:59.999999999"),
        (pd.Timedelta("-1 days +02:00:00"), "-1 days +02:00:00"),
        (2**63 - 1, str(2**63 - 1)),
        (-7, "-7"),
        (0.5, "0.5"),
    ],
)
def test_a_time_is_shown_as_its_column_has_it(time, shown):
    ours, column = instants([time])
    like = read_times(column, "ds", str)
    assert ours.show(0, like).startswith(shown)


@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_column_of_datetimes_comes_back(zone, unit):
    rng = np.random.default_rng(0)
    column = pd.Series(rng.integers(-(10**9), 10**9, 50).view(f"datetime64[{unit}]"))
    column = column if zone is None else column.dt.tz_localize("UTC").dt.tz_convert(zone)
    back = instants(column)[0].column("datetime", zone)
    pd.testing.assert_series_equal(back, column, check_dtype=False)
    assert getattr(back.dt.tz, "key", zone) == zone


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (zoneinfo.ZoneInfo("Europe/Berlin"), "Europe/Berlin"),
        (dateutil_zones.gettz("Europe/Berlin"), None),  # by its name in some versions of dateutil
        (dateutil_zones.tzoffset(None, 3600), "UTC+01:00"),
        (dateutil_zones.tzutc(), "UTC"),
        (UTC, "UTC"),
        (timezone(HOUR), "UTC+01:00"),
        (timezone(HOUR, "my zone"), "UTC+01:00"),
        (timezone(HOUR, "CET"), "UTC+01:00"),  # which in July is not what the IANA call CET
        (timezone(-3.5 * HOUR), "UTC-03:30"),
        (timezone(HOUR + timedelta(seconds=7)), "UTC"),
    ],
)
def test_a_zone_of_any_kind_is_kept_by_a_name_that_brings_the_instants_back(zone, name):
    column = pd.Series(pd.DatetimeIndex(["2024-01-01", "2024-07-01"]).tz_localize(zone))
    times = read_times(column, "ds", str)
    assert times.zone in ((name,) if name else ("UTC", "Europe/Berlin"))
    assert list(times.ticks) == [t.value * times.per_unit // 10**9 for t in column]
    back = Instants.of(times).column("datetime", times.zone)
    assert (back == column).all()
    if times.zone != "UTC":
        assert [t.utcoffset() for t in back] == [t.utcoffset() for t in column]


@pytest.mark.parametrize(
    "values", [[2**64 - 1, 5], [-(2**63), 2**63 - 1], [0.1, -1e300], [pd.Timedelta("-1ns")]]
)
def test_a_column_of_other_times_comes_back(values):
    ours, column = instants(values)
    kind = "timedelta" if isinstance(values[0], pd.Timedelta) else "number"
    assert ours.column(kind, None).tolist() == column.tolist()


def test_beside_a_time_that_nanoseconds_cannot_reach_they_are_cut_off():
    far = instants(np.array(["9000-01-01"], "datetime64[s]"))[0]
    near = instants(np.array(["2026-01-01T00:00:00.123456789"], "datetime64[ns]"))[0]
    both = dataclasses.replace(
        far, whole=np.append(far.whole, near.whole), rest=np.append(far.rest, near.rest)
    )
    told = both.column("datetime", None)
    assert told.tolist() == [
        pd.Timestamp("9000-01-01"),
        pd.Timestamp("2026-01-01 00:00:00.123456"),
    ]
