import dataclasses
import html.parser
import json
import re
import sys

import numpy as np
import pytest
from made_runs import made

from ct_s5.lab import MODELS, TREATMENTS, Comparison, check_report
from ct_s5.lab._page import page
from ct_s5.lab._text import fitted_text, notes_of
from ct_s5.plots import colours


def test_the_table_is_what_numpy_says(comparison):
    true, equal = np.array([0.9, 0.95, 0.8]), np.array([0.5, 0.45, 0.85])
    row = comparison.table.loc[("s5", "equal")]
    assert row["accuracy"] == pytest.approx(equal.mean())
    assert row["sd"] == pytest.approx(equal.std(ddof=1))
    assert row["difference"] == pytest.approx((true - equal).mean())
    # Without errors by series the seeds alone are drawn, and of three that is their whole range.
    assert (row["lo"], row["hi"]) == pytest.approx(((true - equal).min(), (true - equal).max()))
    share = 1 - (1 - true).mean() / (1 - equal).mean()
    assert row["relative %"] == pytest.approx(100 * share)
    assert (row["wins"], row["pairs"], row["runs"], row["diverged"]) == (2, 3, 3, 0)
    assert row["ties"] == 0
    assert row["auroc"] == pytest.approx(0.75)
    assert row["seconds"] == pytest.approx(3.0)
    assert row["parameters"] == 7000


def test_a_diverged_run_is_in_no_mean_and_said(comparison):
    row = comparison.table.loc[("s5", "shuffled")]
    assert row["accuracy"] == pytest.approx(0.5)
    assert row["difference"] == pytest.approx(np.mean([0.9 - 0.4, 0.8 - 0.6]))
    assert (row["wins"], row["pairs"], row["runs"], row["diverged"]) == (2, 2, 3, 1)
    told = "Diverged and in no mean: s5 (shuffled), seed 1. The loss became NaN at step 3."
    assert comparison.notes == [told]
    assert told in str(comparison)


def with_scores(comparison, **scores):
    records = [
        {"model": "s5", "treatment": t, "seed": n, "seconds": 1.0, "accuracy": s}
        | {"status": "diverged" if s is None else "ok", "corruption": None, "reason": ""}
        for t, row in scores.items()
        for n, s in enumerate(row)
    ]
    settings = comparison.settings | {"treatments": list(scores)}
    return dataclasses.replace(comparison, records=records, settings=settings)


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        (
            {"true": [0.9, 0.94], "equal": [0.6, 0.62], "shuffled": [0.68, 0.7]},
            "True gaps lower the error by 79% [75, 84] against equal gaps, with the same model. "
            "True gaps lower the error by 74% [69, 80] against shuffled gaps.",
        ),
        (
            {"shuffled": [0.7, 0.9], "true": [0.9, 0.7]},
            "No clear difference: true gaps lower the error by 0% [-200, 67] against shuffled "
            "gaps, with the same model.",
        ),
        (
            {"true": [0.5, 0.5], "appended": [0.75, 0.75]},
            "True gaps raise the error by 100% [100, 100] against equal gaps with the true gap as "
            "one more channel, with the same model.",
        ),
        (
            {"true": [0.9], "resample-last": [0.6]},
            "True gaps lower the error by 75% against a grid of equal length (resample-last), with "
            "the same model; one seed only, so no interval.",
        ),
        (
            {"true": [0.5, 0.58], "equal": [0.4, 0.45]},
            "Nothing beats chance: s5 reaches an accuracy of at most 0.54, and who knows nothing "
            "0.58.",
        ),
        (
            {"true": [1.0, 1.0], "equal": [1.0, 1.0], "shuffled": [0.996, 1.0]},
            "All treatments reach an accuracy of 1.00: the task is too easy to tell them apart.",
        ),
        (
            {"true": [0.4, 0.6], "equal": [0.4, 0.6], "shuffled": [0.4, None]},
            "All treatments reach, seed for seed, the same: an accuracy of 0.50. The task is too "
            "hard, or its test series too few, to tell them apart.",
        ),
        (
            {"true": [0.7, 0.9], "equal": [0.7, 0.9], "shuffled": [0.6, 0.9]},
            "No clear difference against equal gaps, with the same model: the score is the same "
            "with every seed.",
        ),
        (  # the best of the others in the seeds that both have, not by means of unlike seeds
            {"true": [0.9, 0.5], "equal": [0.85, 0.45], "shuffled": [0.7, None]},
            "True gaps lower the error by 14% [9, 33] against equal gaps, with the same model.",
        ),
        (
            {"true": [0.9]},
            "True gaps reach an accuracy of 0.90; there is no other one to compare with.",
        ),
        (
            {"true": [0.9], "equal": [None]},
            "True gaps reach an accuracy of 0.90; no other treatment has a score to compare with.",
        ),
        (
            {"equal": [0.4], "true": [None]},
            "Without a score for true gaps there is nothing to compare: equal 0.40.",
        ),
        (
            {"true": [None]},
            "No run of s5 came to an end: the loss diverged in all of them.",
        ),
    ],
)
def test_the_headline_says_what_was_found(comparison, scores, sentence):
    assert with_scores(comparison, **scores).headline == sentence


def test_a_tie_is_no_defeat(comparison):
    found = with_scores(
        comparison, true=[0.7] * 5, equal=[0.6, 0.6, 0.7, 0.7, 0.7], shuffled=[0.7, *[0.6] * 4]
    )
    row = found.table.loc[("s5", "equal")]
    assert (row["wins"], row["ties"], row["pairs"]) == (2, 3, 5)
    assert re.search(r"wins +ties +pairs", str(found))
    words = Page(page(found)).words
    assert "2 of 5, 3 ties" in words
    assert "4 of 5, 1 tie" in words


def test_results_come_back_from_their_file(comparison, tmp_path):
    path = comparison.to_json(tmp_path / "deep" / "results.json")
    again = Comparison.from_json(path)
    assert again == comparison
    assert again.table.equals(comparison.table)
    content = json.loads(path.read_text())
    for key in ("settings", "protocol", "versions", "commit", "machine"):
        assert key in content
    assert [run["seed"] for run in content["runs"]] == [0, 1, 2] * 3
    assert again.protocol == comparison.protocol


def test_a_file_of_the_first_version_is_read_as_what_it_was(comparison, tmp_path):
    path = comparison.to_json(tmp_path / "results.json")
    content = json.loads(path.read_text())
    for name in ("per", "score", "corruptions", "corrupt_at", "matched", "grid", "grouped"):
        del content["settings"][name]
    for run in content["runs"]:
        del run["corruption"]
    path.write_text(json.dumps(content | {"format_version": 1}))
    assert Comparison.from_json(path) == comparison


def test_the_protocol_is_of_the_rules_and_not_of_the_data(comparison):
    def changed(**settings):
        return dataclasses.replace(comparison, settings=comparison.settings | settings).protocol

    assert changed(data={}, command="") == comparison.protocol
    assert changed(test_fraction=0.3) != comparison.protocol
    assert changed(models={"s5": {"width": 9}}) != comparison.protocol
    assert changed(seeds=[0, 1]) != comparison.protocol
    assert changed(score="auroc") != comparison.protocol
    assert changed(corrupt_at="both") != comparison.protocol
    assert changed(budget=60.0) == comparison.protocol
    assert changed(split="a" * 64) != comparison.protocol
    assert changed(split="a" * 64) != changed(split="b" * 64)
    assert changed(split=None) == comparison.protocol  # which is of before splits were told


def test_the_protocol_of_an_older_file_is_told_as_one_of_today_would_be(comparison, tmp_path):
    path = comparison.to_json(tmp_path / "results.json")
    content = json.loads(path.read_text())
    old = {"name": "ct-s5 compare@2", "sha256": "0" * 64}
    path.write_text(json.dumps(content | {"protocol": old}))
    assert Comparison.from_json(path).protocol == comparison.protocol == content["protocol"]
    assert comparison.protocol["name"] == "ct-s5 compare@3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no results file of ct-s5 compare: "),
        ("[1]", "no results file of ct-s5 compare."),
        ('{"format": "other"}', "no results file of ct-s5 compare."),
        ('{"format": "ct-s5 comparison", "format_version": 9}', "format version 9; this ct_s5"),
        ('{"format": "ct-s5 comparison", "format_version": 2}', "incomplete results file"),
        ('{"format": "ct-s5 comparison", "format_version": 1}', "incomplete results file"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=re.escape(message)):
        Comparison.from_json(path)


class Page(html.parser.HTMLParser):
    """Which elements a page has, what they refer to, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.ids, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_else_and_escapes_everything(comparison, tmp_path):
    text = comparison.to_html(tmp_path / "report.html").read_text()
    page = Page(text)
    assert not {"script", "link", "iframe", "img", "b"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert "url(http" not in text
    assert "@import" not in text
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert page.tags.count("svg") == 4  # runs, gaps, an example, losses
    words = " ".join(page.words)
    assert comparison.headline in words
    assert comparison.settings["command"] in words
    assert comparison.notes[0] in words
    assert "<script>alert('x')</script>" in words
    assert "a$b$" in words
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2"])
def test_a_report_that_cannot_be_made_is_known_beforehand(tmp_path, monkeypatch, missing):
    check_report(tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError, match="is a file, or lies below one"):
            check_report(place)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"{missing}, .* pip install 'ct-s5\[plots\]'"):
        check_report(tmp_path)


def test_the_page_is_the_same_every_time(comparison, tmp_path):
    one = comparison.to_html(tmp_path / "one.html").read_bytes()
    assert comparison.to_html(tmp_path / "two.html").read_bytes() == one


def test_a_treatment_has_one_colour_whichever_others_are_there(comparison):
    palette = colours(list(TREATMENTS))
    assert palette["true"] == colours(["first"])["first"]
    told = dataclasses.replace(
        comparison,
        records=[r for r in comparison.records if r["treatment"] == "shuffled"][:1],
        settings=comparison.settings | {"treatments": ["shuffled"], "seeds": [0]},
    )
    text = page(told)
    for part in ("Test accuracy by treatment", "Loss by epoch of s5"):
        drawn = text[text.index(part) :]
        drawn = drawn[: drawn.index("</svg>")]
        assert palette["shuffled"] in drawn
        assert palette["true"] not in drawn
    assert f"background:{palette['shuffled']}" in text
    assert "<summary>The run</summary>" in text
    assert "over seeds" not in text
    assert "<summary>All 9 runs</summary>" in page(comparison)


def test_a_page_of_several_models_and_a_regression(comparison, tmp_path):
    data = {k: v for k, v in comparison.settings["data"].items() if k != "examples"}
    base = dataclasses.replace(comparison, settings=comparison.settings | {"data": data})
    size = {"s5": 1.0, "gru": 1.5, "depth-0": 3.0}
    found = made(
        lambda model, treatment, _: size[model] * (1 if treatment == "true" else 2),
        models=list(size),
        task="regress",
        base=base,
    )
    assert list(found.table.index.get_level_values(0)) == [m for m in size for _ in range(2)]
    assert "Of 3 models s5 is best with true gaps" in found.headline
    assert "It beats depth-0 beyond the interval." in found.headline
    text = found.to_html(tmp_path / "report.html").read_text()
    assert "gru, equal" in text
    assert "squared error" in text


def test_the_best_of_models_may_be_no_better_than_chance(comparison):
    found = made(lambda *_: 0.9, models=["s5", "gru"], base=comparison)
    assert re.search(r"Of 2 models \w+ is best with true gaps: an accuracy of", found.headline)
    assert found.headline.endswith(", no better than who knows nothing (0.58).")


def test_what_is_said_of_one_of_several_models_names_it(comparison):
    found = made(lambda *_: -1.0, models=["s5", "gru"], base=comparison)
    assert found.headline.startswith("All treatments of s5 reach an accuracy of 1.00:")


def test_models_without_a_common_seed_are_not_compared(comparison):
    found = made(lambda *_: 0.1, models=["s5", "gru"], treatments=["true"], base=comparison)
    for record in found.records:
        if (record["model"] == "s5") == (record["seed"] < 2):
            record["status"], record["accuracy"] = "diverged", None
    assert "nan" not in found.headline
    assert "No seed has a score of it and of" in found.headline


def test_the_smaller_squared_error_is_better(comparison):
    size = {"true": 1.0, "equal": 2.0}
    found = made(lambda m, t, c: size[t], task="regress", score="mse", base=comparison)
    row = found.rows["s5", "equal", "none"]
    assert row["difference"] > 0
    assert row["wins"] == row["pairs"] == 4
    assert found.headline.startswith("True gaps lower the squared error by ")


def spoiled(comparison, **more):
    def share(model, treatment, corruption):
        lost = corruption["rate"] if corruption else 0.0
        return {"true": 0.1, "equal": 0.3}[treatment] + 0.4 * lost

    points = [("drop", 0.5), ("drop", 0.25), ("rate", 2.0)]
    return made(share, corruptions=points, base=comparison, **more)


def test_a_curve_begins_with_the_readings_as_they_are(comparison):
    found = spoiled(comparison)
    curve = found.curves["drop"]["s5", "true"]
    assert curve.rates == [0.0, 0.25, 0.5]
    told = [
        [r["accuracy"] for r in found.records if r["treatment"] == "true" and r["corruption"] == c]
        for c in (None, {"kind": "drop", "rate": 0.25}, {"kind": "drop", "rate": 0.5})
    ]
    assert curve.means == pytest.approx([np.mean(scores) for scores in told])
    assert curve.sds == pytest.approx([np.std(scores, ddof=1) for scores in told])
    assert found.curves["rate"]["s5", "equal"].rates == [1.0, 2.0]
    assert found.table.index.names == ["model", "treatment", "corruption"]
    assert len(found.table) == 2 * 4


def test_a_page_shows_curves_and_what_a_corruption_does(comparison):
    found = spoiled(comparison)
    example = {"series": "a", "times": [0.0, 60.0, 90.0], "values": [1.0, 2.0, None]}
    states = [example | {"corruption": name} for name in ("none", "drop=0.25", "rate=2")]
    told = dataclasses.replace(found, settings=found.settings | {"corrupted_examples": states})
    text = page(told)
    seen = Page(text)
    assert len(set(seen.ids)) == len(seen.ids)
    assert seen.tags.count("svg") == 7  # the four of every page, a kind each, the states
    for words in ("Under corruption", "drop=0.25: 2 readings", "drop: each reading lost with this"):
        assert any(words in word for word in seen.words), words
    assert "Under corruption" not in page(comparison)
    assert text.index("Result") < text.index("Under corruption") < text.index("What it costs")


def test_what_was_not_run_is_said_once_a_reason_and_is_in_no_mean(comparison):
    def undone(model, treatment):
        if treatment == "resample-linear":
            return "skipped", "it looks ahead"
        return ("not run", "The budget was too short.") if model == "gru" else None

    found = made(
        lambda m, t, c: 0.2,
        models=["s5", "gru", "constant"],
        treatments=["true", "resample-linear"],
        base=comparison,
        undone=undone,
    )
    assert found.notes == [
        "Skipped: s5 (resample-linear), gru (resample-linear), constant (resample-linear). It "
        "looks ahead.",
        "Not run: gru (true). The budget was too short.",
    ]
    row = found.rows["gru", "true", "none"]
    assert row["runs"] == row["pairs"] == 0
    assert np.isnan(row["accuracy"])
    words = Page(page(found)).words
    assert any("4 skipped" in word for word in words)
    assert all(note in words for note in found.notes)


def test_intervals_say_what_they_are_of(comparison):
    def share(model, treatment, corruption):
        return 0.1 if treatment == "true" else 0.3

    alone = made(share, seeds=1, base=comparison)
    assert alone.notes[0].startswith("One seed only: the intervals say")
    assert re.search(r"by \d+% \[\d+, \d+\] against equal gaps, .*; one seed only", alone.headline)
    ranked = made(share, score="auroc", base=comparison)
    assert ranked.notes == [
        "AUROC is no mean over series: its intervals come from the seeds alone."
    ]


def test_interval_and_score_stay_whole_where_a_table_is_cut_to_a_width(comparison):
    table = made(lambda *_: 0.2, base=comparison).table
    for width in range(40, 200):
        head = fitted_text(table, "accuracy", width).splitlines()[0]
        assert ("relative lo" in head) == ("relative hi" in head)
        assert "accuracy" in head


@pytest.mark.parametrize(
    ("grid", "words"),
    [(None, "as many points as the series has readings"), (50, "50 points"), ("1h", "every 1h")],
)
def test_the_page_says_how_fine_a_grid_is(comparison, grid, words):
    found = made(lambda *_: 0.2, treatments=["true", "resample-last"], base=comparison)
    told = dataclasses.replace(found, settings=found.settings | {"grid": grid})
    assert any(words in word for word in Page(page(told)).words)
    assert not any("The regular grid" in word for word in Page(page(comparison)).words)


def test_a_big_comparison_fits_a_terminal_and_a_page(comparison):
    models = [m for m in MODELS if m != "s5-bilinear"][:14]
    found = made(
        lambda m, t, c: 0.1 + 0.01 * len(m) + 0.02 * len(t) / 20,
        models=models,
        treatments=list(TREATMENTS)[:10],
        seeds=2,
        base=comparison,
    )
    table = str(found).split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 120
    assert "Every run as a dot" in page(found)


def test_networks_that_were_best_in_their_last_epoch_are_counted(comparison):
    def notes(best):
        records = [r | {"best_epoch": best} if "best_epoch" in r else r for r in comparison.records]
        return "\n".join(notes_of(records, comparison.settings))

    assert "8 of 8 trained networks were best in their last epoch (s5): more max_ep" in notes(3)
    assert "last epoch" not in notes(2)
    # One training that is seen at two corruptions is one; two of eight are a quarter and no more.
    two = [{"kind": "drop", "rate": 0.3}, None]
    records = [r | {"best_epoch": 3 if r["seed"] == 2 else 2} for r in comparison.records]
    records = [r | {"corruption": c} for r in records if r["status"] == "ok" for c in two]
    assert "3 of 8 trained networks" in "\n".join(notes_of(records, comparison.settings))
    fewer = [r | {"best_epoch": 2} if r["treatment"] == "shuffled" else r for r in records]
    assert "trained networks" not in "\n".join(notes_of(fewer, comparison.settings))
