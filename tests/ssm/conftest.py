"""Rows here are short; so are the blocks that the scan cuts them into."""

import pytest

from ct_s5.ssm import _blocks, _choice

BLOCK = 8


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    # 33 steps make four blocks of seven, and one that overlaps its neighbour.
    monkeypatch.setattr(_blocks, "_SHORTEST", BLOCK)
    way = _choice.SCANS["blocked"]._replace(block=BLOCK)
    monkeypatch.setitem(_choice.SCANS, "blocked", way)
