"""The table of README.md from the results files: `python -m experiments.physionet2012.table`."""

import json
import pathlib
import statistics

from experiments.every_model import table_of_models
from experiments.record import fill, mean_and_spread

HERE = pathlib.Path(__file__).parent
N_SPLITS = 6
ROWS = {
    "true_gaps": "S5, true gaps (the estimator's defaults)",
    "equal_gaps": "S5, equal gaps",
    "depth_0": "no S5 block (depth 0)",
    "gru_gaps_appended": "GRU of equal size, gaps appended",
    "logistic_regression": "logistic regression on summaries",
    "gradient_boosting": "gradient boosting on summaries",
}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    lines = [
        "| model | test AUROC | test AUPRC | set-b AUROC | set-b AUPRC | AUROC, published split |",
        "|---|---|---|---|---|---|",
    ]
    for name, title in ROWS.items():
        path = HERE / "results" / f"{name}.json"
        results = json.loads(path.read_text()) if path.exists() else {"seeds": []}
        if len(results["seeds"]) < N_SPLITS:
            lines.append(f"| {title} | not run to its end |  |  |  |  |")
            continue
        published = next(e for e in results["seeds"] if e["split"] == "mtan-classif@1")
        five = {"seeds": [e for e in results["seeds"] if e["split"] != "mtan-classif@1"]}
        scores = ("test_auroc", "test_auprc", "set_b_auroc", "set_b_auprc")
        cells = [mean_and_spread(five, score) for score in scores]
        cells.append(f"{published['test_auroc']:.3f}")
        lines.append(f"| {' | '.join([title, *cells])} |")
    return {"mortality": "\n".join(lines)}


def models() -> dict[str, str]:
    """Every model of the lab on the published split."""
    columns = {"models": "published split"}
    return {"models": table_of_models(HERE / "results", columns, ("auroc",))}


BAGGED = {
    "s5": "S5",
    "depth_0": "no S5 block (depth 0)",
    "gru_d": "GRU-D",
    "attention": "attention with an encoding of time",
    "trees": "boosted trees on summaries",
    "s5_and_trees": "S5 and trees",
    "depth_0_and_trees": "no S5 block and trees",
    "gru_d_and_trees": "GRU-D and trees",
    "attention_and_trees": "attention and trees",
}


def bagged() -> dict[str, str]:
    """Ten learners together."""
    lines = [
        "| ten together | test AUROC | S5 ahead by | set-b AUROC | S5 ahead by "
        "| one alone, set-b AUROC |",
        "|---|---|---|---|---|---|",
    ]
    path = HERE / "results" / "bagged.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else {}
    for name, title in BAGGED.items():
        if name not in rows:
            lines.append(f"| {title} | not run |  |  |  |  |")
            continue
        cells = []
        for part in ("test", "set_b"):
            scores = rows[name][part]
            low, high = scores["first_ahead"]
            cells.append(f"{scores['auroc']:.4f}")
            cells.append("" if name in ("s5", "s5_and_trees") else f"{low:+.4f} to {high:+.4f}")
        one = rows[name]["set_b"]["auroc_of_one"]
        alone = f"{statistics.mean(one):.4f} ± {statistics.stdev(one):.4f}"
        cells.append("" if name.endswith("_and_trees") else alone)
        lines.append(f"| {' | '.join([title, *cells])} |")
    return {"bagged": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README here and the front page; whether they already said the same."""
    found = tables()
    here = fill(HERE / "README.md", found | models() | bagged(), check=check)
    return fill(HERE.parents[1] / "README.md", found, check=check) and here


if __name__ == "__main__":
    write()
