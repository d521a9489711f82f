"""Rows here are short; so are the blocks that the scan cuts them into."""

import pytest

from ct_s5.ssm import SCANS


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    # 33 steps make four blocks and one that overlaps its neighbour.
    monkeypatch.setitem(SCANS, "blocked", SCANS["blocked"]._replace(block=8))
