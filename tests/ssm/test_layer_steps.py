"""Readings, queries, padding and resets: what each may and may not do to the rest."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from drawn import (
    EXACT,
    H,
    L,
    both_directions,
    call,
    draw_layer,
    draw_row,
    error,
    every_hold,
    few,
    padded,
    readings,
    seeds,
)
from hypothesis import given

from oracles.gaps_loop import gaps_loop


@given(seed=seeds)
@few
@pytest.mark.parametrize("hold", ["zoh", "zoh_forward"])
def test_cutting_a_held_gap_into_pieces_changes_nothing(hold, precision, seed):
    layer, rng = draw_layer(hold), np.random.default_rng(seed)
    # 64ths, so that float32 sums the pieces exactly; a piece may be empty.
    ends = np.sort(rng.choice(np.arange(1, L), 7, replace=False))  # where a reading's gap ends
    pieces = rng.integers(0, 20, L) / 64
    owner = np.searchsorted(ends, np.arange(L))[: ends[-1] + 1]
    gaps = np.bincount(owner, weights=pieces[: len(owner)])
    inputs = rng.normal(size=(7, H)).astype(precision)
    whole = call(layer, **padded(readings(inputs, gaps.astype(precision))))

    if hold == "zoh":  # every piece of a gap is driven by the reading at the gap's end
        cut_inputs = inputs[owner]
    else:  # by the one at its start, before the first of which there is the input 0
        cut_inputs = np.concatenate([np.zeros_like(inputs[:1]), inputs])[owner]
        cut_inputs[ends] = inputs
    row = readings(cut_inputs, pieces[: len(owner)].astype(precision))
    cut = call(layer, **padded(row))[ends]
    assert error(cut, whole[:7]) < EXACT[precision]


@given(seed=seeds)
@few
@both_directions
def test_readings_on_the_line_between_two_readings_change_nothing(bidirectional, precision, seed):
    layer, rng = draw_layer("foh", bidirectional), np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, 20, L)) / 64
    ends = np.sort(rng.choice(np.arange(1, L - 1), 7, replace=False))
    ends = np.array([0, *ends, L - 1])
    inputs = rng.normal(size=(len(ends), H)).astype(precision)
    lines = np.stack([np.interp(times, times[ends], u) for u in inputs.T], axis=1)

    def answer(times, inputs):
        gaps = gaps_loop(times, np.ones(len(times), bool))
        row = readings(*(x.astype(precision) for x in (inputs, *gaps)))
        return call(layer, **padded(row))

    whole = answer(times[ends], inputs)[: len(ends)]
    assert error(answer(times, lines)[ends], whole) < EXACT[precision]


@given(seed=seeds, n_steps=st.integers(1, L))
@few
@both_directions
@every_hold
def test_padding_anywhere_changes_no_output(hold, bidirectional, precision, seed, n_steps):
    layer, rng = draw_layer(hold, bidirectional), np.random.default_rng(seed)
    row = {name: flat[:n_steps] for name, flat in draw_row(seed, precision).items()}
    row["reading"][0] = True
    alone = call(layer, **padded(row))
    real = np.isin(np.arange(L), rng.choice(L, n_steps, replace=False))
    spread = call(layer, **padded(row, real))
    assert error(spread[real], alone[:n_steps]) < EXACT[precision]
    assert (spread[~real] == 0).all()


@given(seed=seeds)
@few
@both_directions
@every_hold
def test_packed_with_resets_is_padded_is_one_by_one(hold, bidirectional, precision, seed):
    layer, rng = draw_layer(hold, bidirectional), np.random.default_rng(seed)
    row = {name: flat[:27] for name, flat in draw_row(seed, precision).items()}
    bounds = [0, *sorted(rng.choice(np.arange(1, 27), 3, replace=False)), 27]
    row["reset"] = np.isin(np.arange(27), bounds)
    packed = call(layer, **padded(row))[:27]

    one_by_one = []
    for begin, end in itertools.pairwise(bounds):
        series = {name: flat[begin:end] for name, flat in row.items()}
        one_by_one.append(call(layer, **padded(series))[: end - begin])
    assert error(packed, np.concatenate(one_by_one)) < EXACT[precision]

    real = np.isin(np.arange(L), rng.choice(L, 27, replace=False))
    assert error(call(layer, **padded(row, real))[real], packed) < EXACT[precision]


@given(seed=seeds)
@few
@both_directions
@every_hold
def test_a_query_changes_no_other_output(hold, bidirectional, precision, seed):
    layer, rng = draw_layer(hold, bidirectional), np.random.default_rng(seed)
    steps = [(time, True, rng.normal(size=H)) for time in rng.uniform(1, 9, 12)]
    # Before the first reading, after the last, at the time of a reading (then it comes after it).
    asked = [*rng.uniform(0, 10, 12), steps[3][0], steps[3][0]]
    queries = [(time, False, rng.normal(size=H)) for time in asked]

    def answers(queries):
        """Outputs at the readings, and at each query in the order given."""
        order = sorted([*steps, *queries], key=lambda step: (step[0], not step[1]))
        times, reading, inputs = map(np.array, zip(*order, strict=True))
        gaps, gaps_after = (x.astype(precision) for x in gaps_loop(times, reading))
        row = readings(inputs.astype(precision), gaps, gaps_after, reading)
        outputs = call(layer, **padded(row))
        place = {id(inputs): k for k, (_, _, inputs) in enumerate(order)}
        return outputs[: len(order)][reading], [outputs[place[id(u)]] for _, _, u in queries]

    alone, _ = answers([])
    together, asked_together = answers(queries)
    assert error(together, alone) < EXACT[precision]
    for query, output in zip(queries, asked_together, strict=True):
        beside, (by_itself,) = answers([query])
        assert error([*beside, by_itself], [*alone, output]) < EXACT[precision]


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e30, -1.0])
@both_directions
@every_hold
def test_garbage_in_padding_changes_no_output(hold, bidirectional, garbage, precision):
    layer, row = draw_layer(hold, bidirectional), draw_row(3, precision)
    dirty = {name: np.array(flat) for name, flat in row.items()}
    for name in ("inputs", "gaps", "gaps_after"):
        row[name][~row["real"]] = 0
        dirty[name][~row["real"]] = garbage
    np.testing.assert_array_equal(call(layer, **dirty), call(layer, **row))


def test_a_query_before_the_first_reading_sees_the_empty_state(precision):
    layer, row = draw_layer("zoh", bidirectional=False), draw_row(4, precision)
    row["reading"] = np.arange(L) >= 5
    row["real"], row["reset"] = np.ones(L, bool), np.zeros(L, bool)
    outputs = call(layer, **row)
    np.testing.assert_allclose(outputs[:5], layer.feedthrough[None] * row["inputs"][:5], rtol=1e-6)
