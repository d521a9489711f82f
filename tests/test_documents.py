"""Every snippet that a reader may copy runs as it stands."""

import re
import sys

import pytest
from pages import PAGES, ROOT, blocks


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_the_snippets_of_a_page_run(page, tmp_path, as_a_reader):
    code = "\n".join(blocks(page, "python"))
    as_a_reader([sys.executable, "-c", code], tmp_path)


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", *ROOT.glob("experiments/*/README.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
