import dataclasses
import html.parser
import json
import re
import sys

import numpy as np
import pytest

from ct_s5.lab import TREATMENTS, Comparison, check_report
from ct_s5.lab._page import page
from ct_s5.plots import colours


def test_the_table_is_what_numpy_says(comparison):
    true, equal = np.array([0.9, 0.95, 0.8]), np.array([0.5, 0.45, 0.85])
    row = comparison.table.loc[("s5", "equal")]
    assert row["accuracy"] == pytest.approx(equal.mean())
    assert row["sd"] == pytest.approx(equal.std(ddof=1))
    assert row["difference"] == pytest.approx((true - equal).mean())
    assert row["difference sd"] == pytest.approx((true - equal).std(ddof=1))
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
    told = (
        "s5 with shuffled gaps, seed 1 diverged and is in no mean: The loss became NaN at step 3."
    )
    assert comparison.notes == [told]
    assert told in str(comparison)


def with_scores(comparison, **scores):
    records = [
        {"model": "s5", "treatment": t, "seed": n, "status": "ok", "accuracy": s, "seconds": 1.0}
        for t, row in scores.items()
        for n, s in enumerate(row)
    ]
    settings = comparison.settings | {"treatments": list(scores)}
    return dataclasses.replace(comparison, records=records, settings=settings)


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        (
            {"true": [0.9, 0.94], "equal": [0.4, 0.42], "shuffled": [0.1, 0.1]},
            "True gaps reach an accuracy of 0.92; treating all gaps as equal reaches 0.41 "
            "(difference 0.51 ± 0.01 over 2 paired seeds).",
        ),
        (
            {"shuffled": [0.7, 0.9], "true": [0.9, 0.7]},
            "True gaps reach an accuracy of 0.80; shuffling the gaps reaches 0.80 "
            "(no clear difference: 0.00 ± 0.28 over 2 paired seeds).",
        ),
        (
            {"true": [0.3, 0.3], "appended": [0.6, 0.61]},
            "True gaps reach an accuracy of 0.30; giving the gaps as one more channel reaches 0.60 "
            "(difference -0.30 ± 0.01 over 2 paired seeds).",
        ),
        (
            {"true": [0.9], "equal": [0.4]},
            "True gaps reach an accuracy of 0.90; treating all gaps as equal reaches 0.40 "
            "(difference 0.50, one seed only).",
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
            {"true": [0.5, 0.5], "equal": [0.5, 0.5], "shuffled": [0.4, 0.4]},
            "True gaps reach an accuracy of 0.50; treating all gaps as equal reaches 0.50 "
            "(no clear difference: 0.00 ± 0.00 over 2 paired seeds).",
        ),
        (
            {"true": [0.9]},
            "True gaps reach an accuracy of 0.90; there is no other treatment to compare with.",
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
        comparison, true=[0.5] * 5, equal=[0.4, 0.4, 0.5, 0.5, 0.5], shuffled=[0.5, *[0.4] * 4]
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


def test_the_protocol_is_of_the_rules_and_not_of_the_data(comparison):
    def changed(**settings):
        return dataclasses.replace(comparison, settings=comparison.settings | settings).protocol

    assert changed(data={}, command="") == comparison.protocol
    assert changed(test_fraction=0.3) != comparison.protocol
    assert changed(models={"s5": {"width": 9}}) != comparison.protocol
    assert changed(seeds=[0, 1]) != comparison.protocol


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no results file of ct-s5 compare: "),
        ("[1]", "no results file of ct-s5 compare."),
        ('{"format": "other"}', "no results file of ct-s5 compare."),
        ('{"format": "ct-s5 comparison", "format_version": 9}', "format version 9; this ct_s5"),
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
    assert page.tags.count("svg") == 4
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
    rename = {"accuracy": "r2", "auroc": "mse"}
    records = [{rename.get(k, k): v for k, v in r.items()} for r in comparison.records]
    records += [r | {"model": "gru"} for r in records]
    data = {
        k: v for k, v in comparison.settings["data"].items() if k not in ("classes", "examples")
    }
    data |= {"time_kind": "number"}
    settings = comparison.settings | {"task": "regress", "models": {"s5": {}, "gru": {}}}
    found = dataclasses.replace(comparison, records=records, settings=settings | {"data": data})
    assert list(found.table.index.get_level_values(0)) == ["s5"] * 3 + ["gru"] * 3
    assert "an R² of 0.88" in found.headline
    assert "gru, shuffled" in found.to_html(tmp_path / "report.html").read_text()
