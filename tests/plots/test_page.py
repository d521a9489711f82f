import sys

import pytest

from ct_s5.plots import render_page


def page(*blocks):
    sections = [{"title": "Part & parcel", "blocks": list(blocks)}]
    return {"title": "A <title>", "headline": "One & all", "sections": sections}


def test_every_kind_of_block_is_shown_and_escaped():
    text = render_page(
        page(
            {"text": "<i>text</i>"},
            {"note": "beware & see"},
            {"code": "a < b"},
            {"figure": "<svg></svg>", "caption": "what <it> shows"},
            {"terms": [("w<1>", "m<1>")]},
            {"terms": [("dot", "a colour")], "colours": {"dot": "#123456"}},
            {"table": [["r<1>", "c<1>"]], "columns": ["h<1>", "h<2>"]},
            {"details": "more <below>", "blocks": [{"text": "inside"}]},
        )
    )
    for word in (
        "<title>A &lt;title&gt;</title>",
        "<h1>One &amp; all</h1>",
        "<h2>Part &amp; parcel</h2>",
        "&lt;i&gt;text&lt;/i&gt;",
        "beware &amp; see",
        "a &lt; b",
        "<svg></svg>",
        "what &lt;it&gt; shows",
        "w&lt;1&gt;",
        "m&lt;1&gt;",
        "background:#123456",
        '<th scope="row">r&lt;1&gt;</th><td>c&lt;1&gt;</td>',
        '<th scope="col">h&lt;1&gt;</th>',
        "<summary>more &lt;below&gt;</summary>",
        "inside",
    ):
        assert word in text


def test_a_block_is_of_one_known_kind():
    with pytest.raises(ValueError, match="A block has one of the keys text, note"):
        render_page(page({"video": "x"}))
    with pytest.raises(ValueError, match="one of the keys"):
        render_page(page({"details": "x", "blocks": [{}]}))


def test_without_jinja_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install 'ct-s5\[plots\]'"):
        render_page(page())
