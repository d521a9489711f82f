import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import ask_at, decode_asked, encode

NOON = pd.Timestamp("2026-03-28 12:00", tz="Europe/Berlin")


def ward(zone="Europe/Berlin"):
    """Two series over a change of clocks, and their readings by hand."""
    hours = {"a": [0.0, 1.5, 30.0], "b": [2.0, 2.5]}
    rows = [(i, NOON + pd.Timedelta(hours=h), h) for i, told in hours.items() for h in told]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "pulse"])
    frame["ds"] = frame["ds"].dt.tz_convert(zone)
    return frame, encode(frame)


def hours_of(asked, encoded):
    """Where each question stands: hours since its series began, read off the set itself."""
    return asked.series.elapsed[asked.place] * encoded.schema.time_unit / 3600


def test_pairs_are_answered_in_the_order_asked():
    _, encoded = ward()
    hours = np.array([30.5, 1.5, -3.0, 1.0, 1.0])
    pairs = pd.DataFrame({"unique_id": list("abaab"), "ds": NOON + pd.to_timedelta(hours, "h")})
    pairs["ds"] = pairs["ds"].dt.tz_convert("UTC")  # another zone is the same instant
    asked = ask_at(encoded, pairs)
    np.testing.assert_array_equal(asked.owner, [0, 1, 0, 0, 1])
    assert not asked.series.reading[asked.place].any()
    hour = 3600 / encoded.schema.time_unit
    np.testing.assert_allclose(asked.lead / hour, [0.5, -1.0, -33.0, -29.0, -1.5], rtol=1e-12)
    first = asked.series.first_gap
    np.testing.assert_allclose(
        asked.series.gaps[asked.place], [0.5 * hour, first, first, 1.0 * hour, first], rtol=1e-12
    )
    told = decode_asked(encoded, asked, np.arange(5.0), ["pulse"])
    pd.testing.assert_frame_equal(told[["unique_id", "ds"]], pairs)
    assert told["pulse"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    pairs = pairs.set_index(["unique_id", "ds"])
    for by_index in (pairs, pairs.index, pairs.index.rename([None, None])):
        np.testing.assert_array_equal(ask_at(encoded, by_index).place, asked.place)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_for_all_series_in_any_unit(unit):
    _, encoded = ward()
    times = pd.DatetimeIndex([NOON + pd.Timedelta(hours=2.25), NOON]).as_unit(unit)
    asked = ask_at(encoded, times)
    np.testing.assert_array_equal(asked.owner, [0, 0, 1, 1])
    hour = 3600 / encoded.schema.time_unit
    gaps = asked.series.gaps[asked.place] / hour
    np.testing.assert_array_equal(gaps, [0.75, 0.0, 0.25, asked.series.first_gap / hour])
    assert list(asked.times.column) == [*times, *times]
    one = ask_at(encoded, times[0])
    np.testing.assert_array_equal(one.place, ask_at(encoded, times[:1]).place)


def test_a_grid_runs_from_the_first_reading_to_the_last():
    frame, encoded = ward()
    asked = ask_at(encoded, "30min")
    of_b = asked.times.column[asked.owner == 1]
    assert list(of_b) == list(frame["ds"][3:])
    assert (asked.owner == 0).sum() == 61  # thirty hours, though a clock was put forward
    np.testing.assert_allclose(np.diff(hours_of(asked, encoded)[:61]), 0.5)
    assert str(asked.times.column.dt.tz) == "Europe/Berlin"
    as_length = ask_at(encoded, pd.Timedelta("30min"))
    np.testing.assert_array_equal(as_length.place, asked.place)


def test_a_series_of_times_by_id_asks_each_about_its_own():
    frame, encoded = ward()
    last = frame.groupby("unique_id")["ds"].last()
    for at in (last, last.rename_axis(None)[::-1]):
        asked = ask_at(encoded, at)
        assert [encoded.ids[n] for n in asked.owner] == list(at.index)
        assert list(asked.times.column) == list(at)
    alike = ask_at(encoded, last.reset_index(drop=True))
    assert len(alike.owner) == len(last) ** 2


@pytest.mark.parametrize("name", [None, "unique_id", "patient"])
@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_a_mistyped_id_is_a_stranger_and_no_times_for_all(dtype, name):
    index = pd.Index(["a", "zz"], name=name).astype(dtype)
    with pytest.raises(ValueError, match="asks about series 'zz', of which the data has no row"):
        ask_at(ward()[1], pd.Series([NOON, NOON], index))
    message = r"whose index, 'zz', holds no series of the data, such as 'a'\. .*: at\.to_list\(\)"
    with pytest.raises(ValueError, match=message):
        ask_at(ward()[1], pd.Series([NOON], index[1:].rename(name and "patient")))
    alike = pd.Series([NOON, NOON], [NOON, NOON + pd.Timedelta("1h")])
    assert len(ask_at(ward()[1], alike).owner) == 4


def test_a_date_as_text_is_a_time_and_other_text_a_step():
    _, encoded = ward()
    text = "2026-03-28 13:30:00+01:00"
    told, wanted = ask_at(encoded, f" {text} "), ask_at(encoded, pd.Timestamp(text))
    np.testing.assert_array_equal(told.place, wanted.place)
    told = ask_at(encoded, [text, "2026-03-29T00:00+01:00"])
    wanted = ask_at(encoded, [pd.Timestamp(text), pd.Timestamp("2026-03-29 00:00+01:00")])
    np.testing.assert_array_equal(told.place, wanted.place)
    with pytest.raises(ValueError, match=r"at=.* no time zone"):
        ask_at(encoded, "2026-03-28")
    for odd in ("2026-13-28", "02.03.2026 01:00", "1.2.2026"):
        with pytest.raises(ValueError, match=rf"at='{odd}' does not read as a date of ISO 8601"):
            ask_at(encoded, odd)
    pairs = pd.DataFrame({"unique_id": ["a"], "ds": [text]})
    with pytest.raises(TypeError, match="at=: Column 'ds' holds times as text"):
        ask_at(encoded, pairs)


def test_a_unit_alone_is_one_of_it():
    one, alone = (ask_at(ward()[1], at) for at in ("1h", "h"))
    assert list(one.times.column) == list(alone.times.column)


def test_a_grid_ahead_begins_after_the_last_reading():
    frame, encoded = ward()
    asked = ask_at(encoded, "30min", ahead=5400 / encoded.schema.time_unit)
    late = frame.groupby("unique_id")["ds"].last()
    for n, name in enumerate("ab"):
        wanted = [late[name] + k * pd.Timedelta("30min") for k in (1, 2, 3)]
        assert list(asked.times.column[asked.owner == n]) == wanted


def test_numbers_are_times_too():
    frame = pd.DataFrame({"unique_id": 1, "ds": [0, 4, 10], "x": [1.0, 2.0, 3.0]})
    encoded = encode(frame)
    asked = ask_at(encoded, [7.5, 4])
    np.testing.assert_array_equal(
        asked.series.gaps[asked.place] * encoded.schema.time_unit, [3.5, 0]
    )
    assert ask_at(encoded, "2.5").times.column.tolist() == [0, 2.5, 5, 7.5, 10]


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64"])
def test_whole_numbers_stay_whole_on_a_grid(dtype):
    start = 2**60 + 1
    frame = pd.DataFrame({"unique_id": "a", "ds": [start, start + 6], "pulse": [1.0, 2.0]})
    encoded = encode(frame.astype({"ds": dtype}))
    assert ask_at(encoded, "3").times.column.tolist() == [start, start + 3, start + 6]
    ahead = ask_at(encoded, "3", ahead=6 / encoded.schema.time_unit)
    assert ahead.times.column.tolist() == [start + 9, start + 12]
    assert ask_at(encoded, "1.5").times.column.dtype.kind == "f"


@pytest.mark.parametrize("unit", ["s", "us"])
def test_a_grid_of_far_times_is_in_their_unit(unit):
    times = pd.to_datetime(["3000-01-01 00:00", "3000-01-01 02:00"]).as_unit(unit)
    encoded = encode(pd.DataFrame({"unique_id": "a", "ds": times, "pulse": [1.0, 2.0]}))
    asked = ask_at(encoded, "1h")
    assert asked.times.column.tolist() == list(pd.date_range(*times, freq="h"))
    assert asked.times.unit == unit


@pytest.mark.parametrize("step", [np.timedelta64(45, "m"), pd.offsets.Minute(45), "45min"])
def test_a_step_may_be_any_length_of_time(step):
    _, encoded = ward()
    wanted = ask_at(encoded, pd.Timedelta("45min"))
    assert list(ask_at(encoded, step).times.column) == list(wanted.times.column)
    wanted = ask_at(encoded, pd.Timedelta("1D"))
    assert list(ask_at(encoded, pd.offsets.Day(1)).times.column) == list(wanted.times.column)
    since = pd.DataFrame({"unique_id": "a", "ds": pd.to_timedelta([0, 3], "D"), "v": 1.0})
    for day in (pd.offsets.Day(1), pd.offsets.Hour(24)):
        assert ask_at(encode(since), day).times.column.tolist() == [pd.Timedelta("1D")]


def test_what_is_known_beforehand_comes_with_the_question():
    frame = pd.DataFrame({"unique_id": 1, "ds": [0, 4], "x": [1.0, 2.0], "holiday": [0.0, 1.0]})
    encoded = encode(frame)
    pairs = pd.DataFrame({"unique_id": 1, "ds": [6, 7], "holiday": [1.0, np.nan]})
    asked = ask_at(encoded, pairs, known=["holiday"])
    np.testing.assert_array_equal(asked.series.observed[asked.place], [[0, 1], [0, 0]])
    assert asked.series.values[asked.place[0], 1] == encoded.series.values[1, 1]
    assert not asked.series.reading[asked.place].any()
    with pytest.raises(ValueError, match=r"missing: 'holiday'\. Pass NaN where it is not known"):
        ask_at(encoded, pairs.drop(columns="holiday"), known=["holiday"])
    with pytest.raises(ValueError, match="at= must be a frame that holds it"):
        ask_at(encoded, [6, 7], known=["holiday"])


def test_what_is_known_beforehand_is_held_to_float32_as_readings_are():
    frame = pd.DataFrame({"unique_id": "a", "ds": [0, 4], "x": [1.0, 2.0], "k": [0.0, 1.0]})
    pairs = pd.DataFrame({"unique_id": "a", "ds": [6, 7], "k": [np.nan, 1e300]})
    message = r"'k' holds 1e\+300 at series 'a', row 1 of at=: scaled by 0\.5 that is more than"
    with pytest.raises(ValueError, match=message):
        ask_at(encode(frame), pairs, known=["k"])


@pytest.mark.parametrize(
    ("at", "error", "words"),
    [
        (pd.DatetimeIndex(["2026-03-28"]), ValueError, r"at= has no time zone here and had Europe"),
        ([3.0], ValueError, "at= holds numbers here and held datetimes at fit"),
        (["2026-03-28"], ValueError, r"at= has no time zone here and had Europe"),
        (["28.03.2026", "1h"], ValueError, "'28.03.2026' does not read as a date of ISO 8601"),
        (["1h"], TypeError, "holds times as text"),
        ([pd.NaT], ValueError, r"holds no time \(NaT\) at series 'a', row 0 of at="),
        ([], ValueError, "at= holds no time"),
        ("fortnight", ValueError, "is no length of time"),
        ("-1h", ValueError, "must be a positive length of time"),
        ("1ns", ValueError, "Name a wider step"),
    ],
)
def test_questions_that_are_none(at, error, words):
    with pytest.raises(error, match=words):
        ask_at(ward()[1], at)


def test_questions_to_strangers_and_with_strange_columns():
    _, encoded = ward()
    pairs = pd.DataFrame({"unique_id": ["a", "z"], "ds": [NOON, NOON]})
    with pytest.raises(ValueError, match="asks about series 'z', of which the data has no row"):
        ask_at(encoded, pairs)
    with pytest.raises(ValueError, match="unknown: 'pulse'"):
        ask_at(encoded, pairs.assign(pulse=1.0))
    with pytest.raises(ValueError, match="at=: The frame has no column 'ds'"):
        ask_at(encoded, pairs.rename(columns={"ds": "when"}))


def test_ids_that_are_numbers_here_and_text_there_are_not_taken_for_rows():
    frame = pd.DataFrame({"unique_id": ["3", "3", "5", "5"], "ds": [0.0, 1.0] * 2, "pulse": 1.0})
    at = pd.Series([2.0, 3.0], index=[3, 5])
    with pytest.raises(ValueError, match=r"indexed by 3, 5, and the ids of the data are the same"):
        ask_at(encode(frame), at)
    for rows in ([7, 8], [3], [3, 9]):  # row numbers of some frame: times of all series
        times = pd.Series([2.0, 3.0][: len(rows)], index=rows)
        assert len(ask_at(encode(frame), times).owner) == 2 * len(rows)
    at.index = at.index.astype(str)
    assert ask_at(encode(frame), at).owner.tolist() == [0, 1]


def test_a_series_without_a_row_is_asked_in_the_empty_state():
    frame, _ = ward()
    encoded = encode(frame, static=pd.DataFrame({"age": [1.0, 2.0, 3.0]}, index=["a", "b", "c"]))
    asked = ask_at(encoded, pd.DataFrame({"unique_id": ["c"], "ds": [NOON]}))
    assert asked.series.gaps[asked.place[0]] == asked.series.first_gap
    assert np.isnan(asked.lead[0])


def test_a_time_beyond_what_float32_can_hold_is_refused_by_series_and_time():
    frame = pd.DataFrame({"unique_id": "a", "ds": [0.0, 1.0, 2.0], "pulse": 1.0})
    for time in (1e38, -1e38):
        with pytest.raises(ValueError, match=r"asks about series 'a' at \S+, which is farther"):
            ask_at(encode(frame), [time])
