"""Every snippet that a reader may copy runs as it stands."""

import re
import sys

import pytest
from pages import PAGES, ROOT, blocks

from ct_s5 import S5Classifier, S5Forecaster, S5Imputer, S5Regressor


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_the_snippets_of_a_page_run(page, tmp_path, as_a_reader):
    code = "\n".join(blocks(page, "python"))
    as_a_reader([sys.executable, "-c", code], tmp_path)


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", *ROOT.glob("experiments/*/README.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_table_of_defaults_says_what_the_estimators_have():
    page = (ROOT / "docs" / "training.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", page, flags=re.MULTILINE)
    assert len(rows) == 11
    told = ((S5Classifier, S5Regressor), (S5Forecaster, S5Imputer))
    for keyword, *defaults in rows:
        for default, estimators in zip(defaults, told, strict=True):
            for estimator in estimators:
                assert repr(getattr(estimator(), keyword)) == default, (keyword, estimator)
