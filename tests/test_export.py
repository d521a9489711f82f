"""The exported functions give the model's numbers at any size, and their file is checked."""

import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export as jax_export

import ct_s5.estimators  # noqa: F401  for the mixers it adds
from ct_s5.batch import IrregularBatch
from ct_s5.export import export, load_exported
from ct_s5.nn import INPUTS, ModelSettings, S5Model
from ct_s5.training import ArchiveError, read_archive, write_archive

C, S, K = 2, 1, 3
# Between them every part of a model whose program could depend on the length.
MODELS = {
    "zoh": {},
    "foh, both, gaussian": {"hold": "foh", "bidirectional": True, "head": "gaussian"},
    "zoh_forward, reading": {"hold": "zoh_forward", "per": "reading", "inputs": INPUTS},
    "gru, gap_mean": {"mixer": "gru", "pooling": "gap_mean"},
    "transformer": {"mixer": "transformer", "pooling": "mean"},
}
use = eqx.filter_jit(lambda model, batch: model(batch))


def build(**told):
    sizes = {"n_channels": C, "n_outputs": K, "n_static": S, "width": 4, "states": 4, "depth": 1}
    settings = ModelSettings(**(sizes | {"timescale": (0.05, 1.0)} | told))
    return S5Model(settings, key=jax.random.key(0))


def draw(n, length, dtype=np.float32, seed=0):
    """Readings, queries and padding."""
    rng = np.random.default_rng(seed)
    steps = (n, length)
    reading = rng.random(steps) < 0.8
    return IrregularBatch(
        values=rng.normal(size=(*steps, C)).astype(dtype),
        observed=(rng.random((*steps, C)) < 0.7) & reading[..., None],
        gaps=rng.exponential(size=steps).astype(dtype),
        gaps_after=rng.exponential(size=steps).astype(dtype),
        reading=reading,
        real=np.arange(length) < rng.integers(1, length + 1, size=(n, 1)),
        static=rng.normal(size=(n, S)).astype(dtype),
    )


def at(batch, k):
    """The k-th row of every series."""
    whole = {"static": batch.static, "segments": None}
    return IrregularBatch(**{n: a[:, k] for n, a in vars(batch).items() if n not in whole}, **whole)


def numbers(answers):
    """Answers as one array; a dict of them is the model's named tuple."""
    return np.concatenate([np.asarray(a) for a in jax.tree.leaves(answers)], axis=-1)


def close(ours, theirs, batch, model, tolerance):
    ours, theirs = numbers(ours), numbers(theirs)
    if model.settings.per == "reading":
        ours, theirs = ours[batch.real], theirs[batch.real]
    np.testing.assert_allclose(ours, theirs, atol=tolerance, rtol=tolerance)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    model = build()
    path = export(model, tmp_path_factory.mktemp("exported") / "model.safetensors")
    return model, path, load_exported(path)


@pytest.mark.parametrize("kind", MODELS)
def test_any_number_of_series_and_steps_gets_the_answers_of_the_model(kind, tmp_path):
    model = build(**MODELS[kind])
    ours = load_exported(export(model, tmp_path / "model.safetensors"))
    for n, length in [(3, 5), (1, 1)]:
        batch = draw(n, length)
        close(ours(batch), use(model, batch), batch, model, 1e-6)
    if model.settings.head == "gaussian":
        assert set(ours(batch)) == {"mean", "variance"}
    if model.settings.bidirectional or model.settings.mixer == "transformer":
        with pytest.raises(ValueError, match=r"reads each series from both ends.*bidirectional"):
            ours.initial_state(1)
        return
    batch = draw(3, 4, seed=1)
    state = ours.initial_state(3)
    answers = [None] * 4
    for k in range(4):
        answers[k], state = ours.step(at(batch, k), state)
    per_series = model.settings.per == "series"
    close(
        answers[-1] if per_series else np.stack(answers, 1), use(model, batch), batch, model, 1e-6
    )


def test_a_series_longer_than_any_block(exported):
    model, _, ours = exported
    batch = draw(1, 5000)
    close(ours(batch), use(model, batch), batch, model, 2e-6)


def test_double_precision_stays_double(tmp_path):
    with jax.enable_x64(True):
        model = build()
        path = export(model, tmp_path / "model.safetensors")
        batch = draw(2, 3, np.float64)
        close(load_exported(path)(batch), use(model, batch), batch, model, 1e-12)
    with pytest.raises(ArchiveError, match="float64; switch that on first"):
        load_exported(path)


def test_series_come_and_go_between_steps(exported):
    _, _, ours = exported
    batch = draw(3, 2, seed=2)
    rows, later = at(batch, 0), at(batch, 1)
    _, state = ours.step(rows, ours.initial_state(3))
    alone = jax.tree.map(lambda a: a[2:], state)
    answer, _ = ours.step(jax.tree.map(lambda a: a[2:], later), alone)
    together, after = ours.step(later, state)
    np.testing.assert_allclose(answer[0], together[2], rtol=1e-6)
    idle = IrregularBatch(**(vars(later) | {"real": np.zeros(3, bool)}))
    for kept, before in zip(*map(jax.tree.leaves, (ours.step(idle, state)[1], state)), strict=True):
        np.testing.assert_array_equal(kept, before)
    assert any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (after, state)), strict=True))


def test_the_state_of_another_model_or_of_other_series_is_refused(exported):
    _, _, ours = exported
    rows, state = at(draw(2, 1), 0), ours.initial_state(2)
    with pytest.raises(ValueError, match=r"need \(2, 2\): it is the state of another"):
        ours.step(rows, ours.initial_state(3))
    with pytest.raises(ValueError, match=r"state\['layers.1'\] has shape \(2, 4\).* need None"):
        ours.step(rows, state | {"layers.1": np.zeros((2, 4))})
    del state["pooled.total"]
    with pytest.raises(ValueError, match=r"state\['pooled.total'\] has shape None"):
        ours.step(rows, state)


def test_both_platforms_are_in_the_file_and_sizes_are_open(exported):
    _, path, _ = exported
    _, arrays = read_archive(path, "exported")
    for form, sizes in {"series": ("n", "l"), "step": ("n",)}.items():
        program = jax_export.deserialize(bytearray(arrays[form].tobytes()))
        assert program.platforms == ("cpu", "cuda")
        open_sizes = {
            str(d) for aval in program.in_avals for d in aval.shape if not isinstance(d, int)
        }
        assert open_sizes == set(sizes)


def test_a_wrong_gap_is_refused_before_the_call_and_nan_within(exported):
    _, _, ours = exported
    batch = draw(2, 5)
    gaps = np.where(batch.real, batch.gaps, np.nan)  # what padding holds never matters
    gaps[1, 0] = -1
    batch.reading[1, 0] = True
    wrong = IrregularBatch(**(vars(batch) | {"gaps": gaps}))
    with pytest.raises(ValueError, match=r"gaps\[1, 0\] is -1.0: a gap is a time since a reading"):
        ours(wrong)
    rows = {n: jnp.asarray(a) for n, a in vars(wrong).items() if n != "segments"}
    answers = np.asarray(ours.forms["series"](rows))
    np.testing.assert_allclose(answers[0], ours(batch)[0], rtol=1e-6)
    assert np.isnan(answers[1]).all()


def test_tokens_are_exported_and_one_outside_the_vocabulary_is_nan(tmp_path):
    model = build(n_channels=1, n_tokens=5, n_static=0)
    ours = load_exported(export(model, tmp_path / "model.safetensors"))
    steps = np.ones((2, 3), bool)
    tokens = np.array([[1, 4, 0], [2, 5, 1]], np.float32)[..., None]
    gaps, static = np.ones((2, 3), np.float32), np.zeros((2, 0), np.float32)
    batch = IrregularBatch(tokens, steps[..., None], gaps, gaps, steps, steps, static)
    answers = np.asarray(ours(batch))
    first = jax.tree.map(lambda a: a[:1], batch)
    np.testing.assert_allclose(answers[:1], model(first), rtol=1e-6)
    assert np.isnan(answers[1]).all()


def test_arrays_that_do_not_fit_are_refused(exported):
    _, _, ours = exported
    batch = draw(2, 3)

    def changed(**arrays):
        return IrregularBatch(**(vars(batch) | arrays))

    for wrong, words in [
        (changed(values=batch.values[0]), r"shape \(3, 2\); this form takes \(N, L, C\)"),
        (changed(values=batch.values[..., :1]), r"values has shape \(2, 3, 1\), the model takes"),
        (changed(real=batch.real[:1]), r"real has shape \(1, 3\)"),
        (
            draw(2, 3).__class__(**{n: a[:0] for n, a in vars(batch).items() if a is not None}),
            "one",
        ),
        (changed(segments=np.zeros((2, 3), int)), "packed batch"),
    ]:
        with pytest.raises(ValueError, match=words):
            ours(wrong)


def test_a_file_that_was_altered_or_calls_outside_is_not_run(exported, tmp_path):
    _, path, _ = exported
    raw = bytearray(path.read_bytes())
    raw[-100] ^= 1
    (tmp_path / "altered.safetensors").write_bytes(raw)
    with pytest.raises(ArchiveError, match="altered"):
        load_exported(tmp_path / "altered.safetensors")
    content, arrays = read_archive(path, "exported")
    calls = jax_export.export(jax.jit(jnp.linalg.cholesky), platforms=["cpu"])(
        jax.ShapeDtypeStruct((2, 2), np.float32)
    )
    arrays["series"] = np.frombuffer(calls.serialize(), np.uint8)
    made_up = write_archive(tmp_path / "made_up.safetensors", "exported", content, arrays)
    with pytest.raises(ArchiveError, match="calls 'lapack_spotrf_ffi', as none of ct_s5's does"):
        load_exported(made_up)
    arrays["series"] = np.arange(200, dtype=np.uint8)
    broken = write_archive(tmp_path / "broken.safetensors", "exported", content, arrays)
    with pytest.raises(ArchiveError, match=r"written by jax .* Export the model again"):
        load_exported(broken)


def test_unknown_platforms_and_missing_flatbuffers_are_named(monkeypatch, tmp_path):
    for platforms in (["gpu"], []):
        with pytest.raises(ValueError, match="platforms are some of cpu, cuda, rocm, tpu"):
            export(build(), tmp_path / "x.safetensors", platforms=platforms)
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    for use in (lambda: export(build(), "x"), lambda: load_exported("x")):
        with pytest.raises(ImportError, match=r"pip install 'ct-s5\[export\]'"):
            use()
