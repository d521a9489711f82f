"""Results cite sets by name and hash; the sets at hand are still the ones that were cited."""

import json
import pathlib

import pytest

import ct_s5_datasets

RESULTS = pathlib.Path(__file__).parents[2] / "experiments"
FOLDERS = {
    "glucose": "cgm",
    "physionet2012": "physionet2012",
    "spoken_digits": "fsdd",
    "uea": "uea",
    "ushcn": "ushcn",
    "wearable": "uci_batteryless_activity",
}
PARTS = {"physionet2012": ("a", "b")}  # what experiments/forecasting asks for


def _cited(told):
    """Every {"name": ..., "hash": ...} of a set in a results file, with the part beside it."""
    if isinstance(told, dict):
        if told.get("name") in ct_s5_datasets.names() and told.get("hash"):
            yield told["name"], told.get("part"), told["hash"]
        for inner in told.values():
            yield from _cited(inner)
    elif isinstance(told, list):
        for inner in told:
            yield from _cited(inner)


CITED = sorted(
    {
        # experiments/speech/run.py has cited this since it began.
        ("spoken_digits", None, "064e9cf77f90bee7f5ae0182cc16a81c192019e47e3a869db299d856ff3c6a2f"),
        *(
            cited
            for path in RESULTS.glob("*/results/*.json")
            for cited in _cited(json.loads(path.read_text()))
        ),
    },
    key=str,
)


@pytest.mark.parametrize(("name", "part", "known"), CITED, ids=lambda value: str(value)[:20])
def test_a_cited_set_is_still_the_same(name, part, known, request):
    entry = name.split("/")[0]
    told = ct_s5_datasets.describe()[entry]
    if told.simulated:
        data = ct_s5_datasets.load(name)
    elif entry in FOLDERS:
        root = request.getfixturevalue("real")(FOLDERS[entry])
        data = ct_s5_datasets.load(name, root=root, part=part or PARTS.get(name))
    else:
        pytest.skip(f"{entry} is not at hand.")
    assert data.manifest_hash == known
