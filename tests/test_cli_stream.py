"""ct-s5 stream: a line in, its answer out, the same as `predict` on all lines so far."""

import contextlib
import dataclasses
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from ct_s5 import S5Classifier, S5Forecaster, S5Regressor, load
from ct_s5.training import from_archive

NAMES = {"id_col": "bed", "time_col": "when"}
TINY = NAMES | {"width": 4, "states": 4, "depth": 0, "max_epochs": 1, "random_state": 0}
TINY |= {"validation_fraction": 0}


def ward(time_of=lambda hours: pd.Timestamp("2026-01-01") + pd.to_timedelta(hours, unit="h")):
    """Five series of five readings in order of time, so that the beds take turns."""
    rng = np.random.default_rng(0)
    hours = np.sort(rng.uniform(0, 30, 25)).round(2)
    frame = pd.DataFrame({"bed": [f"b{k % 5}" for k in rng.permutation(25)]})
    frame["when"] = time_of(hours)
    frame["pulse"] = rng.normal(70, 9, 25).round(1)
    frame["temp"] = np.where(rng.random(25) < 0.5, np.nan, rng.normal(37, 1, 25).round(2))
    return frame


def by_bed(frame):
    return frame.sort_values(["bed", "when"], kind="stable")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One small model of each kind."""
    folder = tmp_path_factory.mktemp("stream")
    frame = by_bed(ward())
    beds = pd.Index([f"b{k}" for k in range(5)], name="bed")
    sick = pd.Series([0, 1, 0, 1, 0], index=beds)
    S5Classifier(**TINY | {"depth": 1}).fit(frame, sick).save(folder / "sick.safetensors")
    ages = pd.DataFrame({"age": range(40, 45)}, index=beds)
    regressor = S5Regressor(**TINY, per="reading")
    regressor.fit(frame.assign(y=frame["pulse"] + 0.5), "y", static=ages)
    regressor.save(folder / "level.safetensors")
    ahead = S5Forecaster(**TINY, horizon="6h").fit(frame)
    ahead.save(folder / "ahead.safetensors")
    ahead.set_params(known=("temp",)).save(folder / "known.safetensors")
    ages.reset_index().to_csv(folder / "ages.csv", index=False)
    return folder


@pytest.fixture
def stream(folder, ct_s5_command, monkeypatch):
    """Run `ct-s5 stream` on some text; gives exit code, output and error text."""
    monkeypatch.chdir(folder)

    def run(text, *words):
        monkeypatch.setattr(
            "sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode(errors="surrogateescape")))
        )
        return ct_s5_command("stream", *words)

    return run


def forecaster(folder, name, horizon="6h", **schema):
    """The forecaster as if it had been fitted on another kind of time."""
    model = load(folder / "ahead.safetensors").set_params(horizon=horizon)
    model.schema_ = dataclasses.replace(model.schema_, **schema)
    model.save(folder / f"{name}.safetensors")
    return model


def as_csv(frame):
    return frame.to_csv(index=False)


def as_json(frame):
    if frame["when"].dtype.kind != "i":
        frame = frame.assign(when=frame["when"].astype(str))
    rows = frame.to_dict("records")
    return "".join(
        json.dumps({name: cell for name, cell in row.items() if cell == cell}) + "\n"
        for row in rows
    )


def read(out):
    return pd.read_csv(io.StringIO(out), parse_dates=["when"])


def assert_alike(told, wanted):
    assert list(told.columns) == list(map(str, wanted.columns))
    for name, column in zip(told.columns, wanted, strict=True):
        if pd.api.types.is_float_dtype(wanted[column]):
            np.testing.assert_allclose(told[name], wanted[column], rtol=1e-4, atol=1e-5)
        else:
            assert told[name].tolist() == wanted[column].tolist()


def test_each_line_is_answered_from_all_lines_so_far(stream, folder):
    frame = ward().head(12)
    code, out, err = stream(as_csv(frame), "sick.safetensors", "--proba")
    assert (code, err) == (0, "")
    model = load(folder / "sick.safetensors")
    wanted = []
    for k in range(len(frame)):
        row, so_far = frame.iloc[[k]], frame.head(k + 1)
        chances = model.predict_proba(by_bed(so_far)).loc[row["bed"]].reset_index()
        chances.insert(1, "when", row["when"].array)
        wanted.append(chances)
    assert_alike(read(out), pd.concat(wanted))


def test_json_lines_get_the_answers_of_csv(stream):
    frame = ward().head(8)
    lines = stream(as_json(frame), "ahead.safetensors")[1].splitlines()
    told = pd.DataFrame(map(json.loads, lines)).assign(when=lambda t: pd.to_datetime(t["when"]))
    assert_alike(told, read(stream(as_csv(frame), "ahead.safetensors")[1]))


@pytest.mark.parametrize("model", ["sick", "level", "ahead"])
def test_a_restart_goes_on(stream, folder, tmp_path, model):
    frame, state = ward(), tmp_path / "ward.state"
    words = [f"{model}.safetensors", *(["--static", "ages.csv"] if model == "level" else [])]
    whole = stream(as_csv(frame), *words)[1].splitlines()
    code, first, err = stream(as_csv(frame.head(11)), *words, "--state", str(state))
    assert (code, "not there yet" in err) == (0, True)
    code, second, err = stream(as_csv(frame.tail(14)), *words, "--state", str(state))
    assert (code, err) == (0, "")
    assert first.splitlines() + second.splitlines()[1:] == whole


def test_a_forecaster_foresees_each_step_up_to_its_horizon(stream, folder):
    frame = ward()
    code, out, err = stream(as_csv(frame), "ahead.safetensors", "--at", "2h", "--level", "80")
    assert (code, err) == (0, "")
    told, model = read(out), load(folder / "ahead.safetensors")
    assert len(told) == 3 * len(frame)
    assert list(told.columns[:5]) == ["bed", "when", "pulse", "pulse-lo-80", "pulse-hi-80"]
    for k in (0, 7, 24):
        of_it = by_bed(frame.head(k + 1)[lambda rows, k=k: rows["bed"] == frame["bed"][k]])
        wanted = model.predict(of_it, at="2h", level=80)
        assert_alike(told.iloc[3 * k : 3 * k + 3], wanted)


def test_lines_taken_together_end_in_the_same_state_and_answers(stream, tmp_path):
    frame, one, many = ward(), tmp_path / "one", tmp_path / "many"
    single = read(stream(as_csv(frame), "sick.safetensors", "--proba", "--state", str(one))[1])
    words = ["sick.safetensors", "--proba", "--state", str(many), "--batch", "10"]
    code, out, _ = stream(as_csv(frame), *words)
    assert code == 0
    together = read(out)
    last = frame.groupby(frame.index // 10)["bed"].nunique().sum()
    assert len(together) == last  # one answer a series in each batch, the last of which is short
    keys = ["bed", "when"]
    assert_alike(together, together[keys].merge(single, on=keys, how="left"))


@pytest.mark.filterwarnings("default")
def test_a_late_line_is_named_and_what_came_before_it_is_kept(stream, tmp_path):
    frame, state = ward(), str(tmp_path / "s")
    late = frame[frame["bed"] == frame["bed"][0]].head(1).assign(when=pd.Timestamp("2025-12-31"))
    text = as_csv(pd.concat([frame.head(9), late]))
    code, out, err = stream(text, "sick.safetensors", "--state", state)
    assert (code, len(out.splitlines())) == (2, 10)
    assert "line 11: A row came late" in err
    assert "pass --late drop" in err

    rest = as_csv(frame.tail(16))
    code, out, _ = stream(rest, "sick.safetensors", "--state", state)
    assert code == 0
    assert out.splitlines()[1:] == stream(as_csv(frame), "sick.safetensors")[1].splitlines()[10:]

    code, out, err = stream(text, "sick.safetensors", "--late", "drop")
    assert (code, len(out.splitlines())) == (0, 11)
    assert "1 late rows of 1 series were dropped" in err
    when = out.splitlines()[-1].split(",")[1]
    heard = frame.head(9).groupby("bed")["when"].max()
    assert pd.Timestamp(when) == heard[frame["bed"][0]]


@pytest.mark.filterwarnings("default")
def test_lines_given_again_after_a_crash_change_nothing(stream, tmp_path):
    frame, once, twice = ward(), tmp_path / "once", tmp_path / "twice"
    words = ["sick.safetensors", "--late", "drop", "--state"]
    assert stream(as_csv(frame), *words, str(once))[0] == 0
    assert stream(as_csv(frame.head(15)), *words, str(twice))[0] == 0
    assert stream(as_csv(frame), *words, str(twice))[0] == 0
    (_, kept), (_, again) = (from_archive(path.read_bytes(), "stream") for path in (once, twice))
    assert kept.keys() == again.keys()
    for name, array in kept.items():
        np.testing.assert_array_equal(again[name], array)


def test_the_state_is_written_in_between(stream, folder, tmp_path, monkeypatch):
    state, sizes = tmp_path / "s", []
    update = S5Classifier.update

    def watched(self, rows, **keywords):
        sizes.append(state.stat().st_size if state.exists() else 0)
        return update(self, rows, **keywords)

    monkeypatch.setattr(S5Classifier, "update", watched)
    frame = ward()
    words = ["sick.safetensors", "--state", str(state), "--save-every"]
    assert stream(as_csv(frame.head(6)), *words, "0")[0] == 0
    assert sizes[0] == 0 < sizes[1]
    state.unlink()
    sizes.clear()
    assert stream(as_csv(frame.head(6)), *words, "1000")[0] == 0
    assert sizes == [0] * 6
    assert state.exists()


def test_offsets_of_any_zone_are_one_instant(stream, folder):
    frame = ward(lambda h: pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(h, unit="h"))
    forecaster(folder, "zoned", time_zone="UTC")
    zones = [f"Etc/GMT-{k % 3 + 1}" for k in range(len(frame))]
    times = [time.tz_convert(zone) for time, zone in zip(frame["when"], zones, strict=True)]
    moved = frame.assign(when=times)
    utc = read(stream(as_csv(frame), "zoned.safetensors", "--batch", "25")[1])
    code, out, err = stream(as_csv(moved), "zoned.safetensors", "--batch", "25")
    assert (code, err) == (0, "")
    assert_alike(read(out), utc)
    out = stream(as_csv(moved.head(2)), "zoned.safetensors")[1]
    assert [line.split(",")[1][-6:] for line in out.splitlines()[1:]] == ["+01:00", "+02:00"]
    code, _, err = stream("bed,when,pulse,temp\na,2026-01-01 08:00,1,\n", "zoned.safetensors")
    assert (code, "line 2: when is '2026-01-01 08:00', without a time zone" in err) == (2, True)


def test_times_that_are_numbers(stream, folder):
    frame = ward(lambda hours: (hours * 3600).astype(int))
    model = forecaster(folder, "numbers", 21600, time_kind="number")
    code, out, err = stream(as_json(frame.head(1)), "numbers.safetensors", "--at", "10800")
    assert (code, err) == (0, "")
    told = pd.DataFrame(map(json.loads, out.splitlines()))
    assert_alike(told, model.predict(frame.head(1), at="10800"))


def test_times_that_are_lengths(stream, folder):
    frame = ward(lambda hours: pd.to_timedelta(hours, unit="h"))
    model = forecaster(folder, "lengths", time_kind="timedelta")
    code, out, err = stream(as_csv(frame.head(1)), "lengths.safetensors", "--at", "3h")
    assert (code, err) == (0, "")
    told = pd.read_csv(io.StringIO(out)).assign(when=lambda t: pd.to_timedelta(t["when"]))
    assert_alike(told, model.predict(frame.head(1), at="3h"))


@pytest.mark.filterwarnings("default:.* have no reading")
def test_a_series_without_a_reading_is_answered_and_told(stream):
    frame = ward().head(3)
    frame.loc[0, ["pulse", "temp"]] = np.nan
    code, out, err = stream(as_csv(frame), "ahead.safetensors")
    assert (code, len(out.splitlines())) == (0, 4)
    assert f"1 of 1 series have no reading at all (first: {frame['bed'][0]!r})" in err


HEADER = "bed,when,pulse,temp\n"
WRONG = {
    "no time": (HEADER + "b1,,70,\n", "line 2: when is missing"),
    "no id": (HEADER + ",2026-01-01,70,\n", "line 2: bed is missing"),
    "a word for a time": (HEADER + "b1,today,70,\n", "line 2: when is 'today'; times are written"),
    "a number for a time": (HEADER + "b1,20260101,70,\n", "line 2: when is '20260101'"),
    "a word for a reading": (
        HEADER + "b1,2026-01-01,high,\n",
        "line 2: pulse is 'high', which is no number",
    ),
    "an infinite reading": (HEADER + "b1,2026-01-01,inf,\n", "line 2: "),
    "Python's own numbers": (HEADER + "b1,2026-01-01,7_0,\n", "line 2: pulse is '7_0'"),
    "too few cells": (HEADER + "\nb1,2026-01-01\n", "line 3 has 2 cells, the header has 4"),
    "an open quote": (HEADER + 'b1,2026-01-01,"70,\n', "line 2 is no line of CSV"),
    "no header": ("b1,2026-01-01,70,\n", "lacks 'bed', 'when', 'pulse', 'temp'"),
    "a column too much": ("note," + HEADER, "has unknown 'note'"),
    "a column twice": ("bed," + HEADER, "has twice 'bed'"),
    "a broken object": ('{"bed": "b1", \n', "line 1 is no JSON object"),
    "no object": ('{"bed":"b1","when":"2026-01-01","temp":37}\n[1]\n', "line 2 is no JSON object"),
    "an unknown name": ('{"bed":"b1","when":"2026-01-01","puls":1}\n', "has unknown 'puls'"),
    "a name twice": ('{"bed":"b1","bed":"b2"}\n', "a name comes twice"),
    "deep": ('{"bed":' + "[" * 100_000 + "\n", "line 1 is no JSON object"),
    "true": ('{"bed":"b1","when":"2026-01-01","pulse":true}\n', "line 1: pulse is True"),
    "an id that is none": ('{"bed":1.5,"when":"2026-01-01","pulse":1}\n', "line 1: bed is 1.5"),
    "half a character": (
        '{"bed":"b \\ud83d","when":"2026-01-01","pulse":1}\n',
        "line 1: bed is 'b \\ud83d', which no file can hold",
    ),
    "no as an id": ('{"bed":false,"when":"2026-01-01"}\n', "line 1: bed is False; the name of"),
    "no text": ("bed,when\udcff,pulse,temp\n", "line 1 is no UTF-8 text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_line_is_named(stream, case):
    text, message = WRONG[case]
    code, _, err = stream(text, "sick.safetensors")
    assert (code, message in err, "Traceback" in err) == (2, True, False), err


REFUSED = {
    "known channels": (["known.safetensors"], "channels known beforehand"),
    "leads of a classifier": (["sick.safetensors", "--at", "1h"], "go with a forecaster"),
    "chances of a forecaster": (["ahead.safetensors", "--proba"], "--proba goes with a classifier"),
    "beyond the horizon": (["ahead.safetensors", "--at", "9h"], "within the horizon of 6h"),
    "no length": (["ahead.safetensors", "--at", "30"], "needs a unit: write --at 1h"),
    "a level": (["ahead.safetensors", "--level", "100"], "--level 100"),
    "no batch": (["sick.safetensors", "--batch", "0"], "--batch is at least 1"),
    "the model as state": (["sick.safetensors", "--state", "sick.safetensors"], "the model itself"),
    "no state": (["sick.safetensors", "--state", "ages.csv"], "--state ages.csv: "),
    "static features": (["level.safetensors"], "pass --static with a row"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(stream, case):
    words, message = REFUSED[case]
    code, out, err = stream(as_csv(ward().head(2)), *words)
    assert (code, message in err, out) == (2, True, ""), err


def test_the_state_of_another_model_is_refused_and_left_as_it_is(stream, tmp_path):
    state = tmp_path / "s"
    assert stream(as_csv(ward().head(2)), "sick.safetensors", "--state", str(state))[0] == 0
    before = state.read_bytes()
    code, _, err = stream(as_csv(ward()), "ahead.safetensors", "--state", str(state))
    assert (code, "These are the states of another model" in err) == (2, True)
    assert state.read_bytes() == before


def test_nobody_reads_the_answers(stream, monkeypatch, tmp_path):
    begin, end = os.pipe()
    os.close(begin)
    state = tmp_path / "s"
    with open(end, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        code, _, err = stream(as_csv(ward()), "sick.safetensors", "--state", str(state))
        monkeypatch.undo()
    assert (code, "Nobody reads the answers any more: the one to line 2" in err) == (2, True)
    assert state.exists()


def test_an_answer_comes_before_the_next_line_and_a_signal_saves(folder, tmp_path):
    """In a process of its own: whoever waits for the end of input would hang here."""
    frame, state = ward().head(4), tmp_path / "ward.state"
    command = pathlib.Path(sys.executable).with_name("ct-s5")
    words = [str(command), "stream", str(folder / "sick.safetensors"), "--state", str(state)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, bufsize=1, **pipes) as process:
        try:
            lines = as_csv(frame).splitlines(keepends=True)
            process.stdin.write(lines[0])
            for k, line in enumerate(lines[1:]):
                process.stdin.write(line)
                if k == 0:
                    assert process.stdout.readline() == "bed,when,prediction\n"
                assert process.stdout.readline().startswith(",".join(line.split(",")[:2]))
            process.send_signal(signal.SIGTERM)
            err = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert process.returncode == 130, err
    model = load(folder / "sick.safetensors").import_state(state.read_bytes())
    assert set(model.stream_.store.ids) == set(frame["bed"])


def opened(folder, state, *words, **pipes):
    command = pathlib.Path(sys.executable).with_name("ct-s5")
    words = [
        str(command),
        "stream",
        str(folder / "sick.safetensors"),
        "--state",
        str(state),
        *words,
    ]
    return subprocess.Popen(words, text=True, bufsize=1, stdin=subprocess.PIPE, **pipes)


def until(done, seconds=60):
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    assert done()


def test_what_is_new_is_written_though_no_line_comes(folder, tmp_path):
    state = tmp_path / "s"
    with opened(folder, state, "--save-every", "0.5", stdout=subprocess.DEVNULL) as process:
        try:
            process.stdin.write(as_csv(ward().head(3)))
            process.stdin.flush()
            until(state.exists)
            assert process.poll() is None
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_heeded_while_nobody_takes_the_answers(folder, tmp_path, number):
    state, (begin, end) = tmp_path / "s", os.pipe()
    with opened(folder, state, "--save-every", "3600", stdout=end) as process:
        try:
            os.close(end)
            frame = pd.concat([ward()] * 60, ignore_index=True)
            frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame.index, unit="min")
            text = as_csv(frame)
            feeder = threading.Thread(target=feed, args=(process, text), daemon=True)
            feeder.start()
            time.sleep(1)
            until(lambda: stalled(process))
            process.send_signal(number)
            process.wait(60)
        finally:
            process.kill()
            os.close(begin)
    assert process.returncode == 130
    assert state.exists()


def test_a_signal_during_an_update_costs_no_answer(stream, monkeypatch, tmp_path):
    update = S5Classifier.update

    def interrupted(self, rows, **keywords):
        os.kill(os.getpid(), signal.SIGTERM)
        return update(self, rows, **keywords)

    monkeypatch.setattr(S5Classifier, "update", interrupted)
    state = tmp_path / "s"
    code, out, _ = stream(as_csv(ward().head(3)), "sick.safetensors", "--state", str(state))
    assert (code, len(out.splitlines())) == (130, 2)  # the header, and the line it was at
    assert state.exists()


def test_two_streams_of_one_state_file_lose_neither_s_series(stream, monkeypatch, tmp_path):
    frame, state = ward(), tmp_path / "s"
    words = ("sick.safetensors", "--state", str(state))
    alone = frame[frame["bed"] == frame["bed"].iloc[0]]
    assert stream(as_csv(alone.head(3)), *words)[0] == 0
    other = state.read_bytes()
    update = S5Classifier.update

    def meanwhile(self, rows, **keywords):
        state.unlink()
        state.write_bytes(other)
        return update(self, rows, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(S5Classifier, "update", meanwhile)
        code, _, err = stream(as_csv(alone.iloc[3:5]), *words)
    assert code == 2
    (aside,) = (path for path in tmp_path.iterdir() if path != state)
    assert f"--state {state}" in err
    assert str(aside) in err
    assert state.read_bytes() == other
    # Either file is what a stream can go on from.
    assert stream(as_csv(alone.iloc[5:6]), "sick.safetensors", "--state", str(aside))[0] == 0
    assert stream(as_csv(alone.iloc[3:4]), *words)[0] == 0


def feed(process, text):
    with contextlib.suppress(BrokenPipeError, OSError, ValueError):
        process.stdin.write(text)
        process.stdin.flush()


def stalled(process):
    """Whether it has done nothing for half a second, after having done something."""

    def ticks():
        return sum(map(int, pathlib.Path(f"/proc/{process.pid}/stat").read_text().split()[13:15]))

    before = ticks()
    time.sleep(0.5)
    return before > 100 and ticks() == before
