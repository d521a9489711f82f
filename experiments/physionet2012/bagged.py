"""Mortality by ten networks together: is the level of one network its kind's, or luck?

Compared   S5; no S5 block; a GRU-D; attention with an encoding of time; of equal size, true gaps.
           Ten forests of boosted trees on summaries, which see no order; and the trees beside each
           kind of network, the mean of the two answers.
Same       the published split (`mtan-classif@1`): its 3200 stays to train and validate on are dealt
           into tenths, each network learns from nine and stops by the other, and the answer is the
           mean of their log odds. Test stays and set-b are looked at once, at the end.
Run        python -m experiments.physionet2012.bagged [ROW ...]
           ROW is one of s5, depth_0, gru_d, attention, trees; left out, all.
           A stopped run goes on: finished learners stand in out/physionet2012.
Result     results/bagged.json; the table in README.md by experiments.physionet2012.table
"""

import json
import pathlib
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

from ct_s5 import S5Classifier
from ct_s5._files import write_atomically
from ct_s5.lab import provenance
from experiments.data import load
from experiments.physionet2012.summaries import summarised
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results" / "bagged.json"
OUT = pathlib.Path("out/physionet2012/bagged")
N_LEARNERS, N_DRAWS = 10, 2000
# Keywords beyond the defaults. Widths give as many parameters as the first has, within a tenth.
ROWS: dict[str, dict[str, Any]] = {
    "s5": {},
    "depth_0": {"depth": 0},
    "gru_d": {
        "mixer": "gru-d",
        "width": 45,
        "inputs": ("value", "observed", "decayed", "count", "square"),
    },
    "attention": {"mixer": "transformer", "width": 52},
}
# Chosen on the 3200 stays alone, each tenth foretold by the nine others.
TREES: dict[str, Any] = {
    "learning_rate": 0.03,
    "max_iter": 400,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 50,
    "l2_regularization": 10.0,
    "max_features": 0.2,
    "early_stopping": False,
}
LEARNERS = (*ROWS, "trees")


def main(names: list[str]) -> None:
    """Train what is missing of the rows, by default of all, and score those that are whole."""
    a = load("physionet2012/mtan-classif@1")
    b = load("physionet2012", part="b")
    # A network that is never told the missing static value of three records says so each time.
    warnings.filterwarnings("ignore", message="Static column|.* have no reading at all")
    OUT.mkdir(parents=True, exist_ok=True)
    tables = [summarised(data.frame, data.static) for data in (a, b)]
    for name in names or LEARNERS:
        _check_made(name, {"settings": _settings(name), "protocol": a.cite(), "draws": N_DRAWS})
        for number in range(N_LEARNERS):
            path = OUT / f"{name}-{number}.csv"
            if not path.exists():
                if name == "trees":
                    answers = _trees(number, a, *tables)
                else:
                    answers = _network(number, name, a, b)
                write_atomically(path, answers.to_csv().encode())
                print(path, flush=True)
    whole = [n for n in LEARNERS if all((OUT / f"{n}-{k}.csv").exists() for k in range(N_LEARNERS))]
    if "s5" not in whole:
        raise SystemExit("Every row is held against S5's: name s5 too.")
    learned = {name: _log_odds(name) for name in whole}
    if "trees" in learned:
        trees = learned["trees"].mean(axis=1)
        for name in [name for name in whole if name in ROWS]:
            learned[f"{name}_and_trees"] = learned[name].add(trees, axis=0) / 2
    truth = {"test": a.labels.loc[a.split["test"]], "set_b": b.labels}
    told = provenance() | {
        "settings": {name: _settings(name) for name in whole},
        "learners": N_LEARNERS,
        "draws": N_DRAWS,
        "protocol": {"a": a.cite(), "b": b.cite() | {"part": "b"}},
        "rows": {name: _scores(one, learned[_first(name)], truth) for name, one in learned.items()},
    }
    write_atomically(RESULTS, (json.dumps(told, indent=1) + "\n").encode())
    print(json.dumps(told["rows"], indent=1), flush=True)


def _first(name: str) -> str:
    """The S5 that a row is held against: with trees where it has some."""
    return "s5_and_trees" if name.endswith("trees") else "s5"


def _check_made(name: str, told: dict[str, Any]) -> None:
    """Answers that lie in `OUT` already are of the same settings, or refused."""
    told = json.loads(json.dumps(told))
    path = OUT / f"{name}.json"
    before = json.loads(path.read_text()) if path.exists() else None
    if before != told and (before is not None or any(OUT.glob(f"{name}-*.csv"))):
        raise SystemExit(f"{OUT}/{name}-*.csv were made with other settings: move them away.")
    write_atomically(path, (json.dumps(told) + "\n").encode())


def _settings(name: str) -> dict[str, Any]:
    return TREES if name == "trees" else S5Classifier(**ROWS[name]).get_params()


def _network(number: int, name: str, a: Any, b: Any) -> pd.Series:
    """Log odds of death of the test stays and of set-b, by one network."""
    learned, held_out = _tenths(_known(a), number)
    model = S5Classifier(**ROWS[name], random_state=number)
    frame, labels, static = _of(a, learned)
    model.fit(frame, labels, static=static, validation=_of(a, held_out))
    shares = []
    for data, ids in ((a, a.split["test"]), (b, b.labels.index)):
        frame, _, static = _of(data, ids)
        shares.append(model.predict_proba(frame, static=static)[1])
    return _odds(pd.concat(shares))


def _trees(number: int, a: Any, of_a: pd.DataFrame, of_b: pd.DataFrame) -> pd.Series:
    """The same by boosted trees on summaries; nothing stops them, so a tenth goes unused."""
    learned, _ = _tenths(_known(a), number)
    model = HistGradientBoostingClassifier(**TREES, random_state=number)
    model.fit(of_a.loc[learned], a.labels.loc[learned])
    told = pd.concat([of_a.loc[a.split["test"]], of_b.reindex(columns=of_a.columns)])
    return _odds(pd.Series(model.predict_proba(told)[:, 1], told.index))


def _odds(share: pd.Series) -> pd.Series:
    return pd.Series(np.log(share / (1 - share)), share.index, name="log_odds")


def _known(a: Any) -> np.ndarray:
    return np.concatenate([a.split["train"], a.split["validation"]])


def _tenths(known: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """What one learner learns from, nine tenths, and the tenth that stops it."""
    tenths = np.array_split(np.random.default_rng(0).permutation(np.sort(known)), N_LEARNERS)
    held_out = tenths.pop(number)
    return np.sort(np.concatenate(tenths)), np.sort(held_out)


def _of(data: Any, ids: Any) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    return data.frame[data.frame["unique_id"].isin(ids)], data.labels.loc[ids], data.static.loc[ids]


def _log_odds(name: str) -> pd.DataFrame:
    """A column a learner."""
    answers = [pd.read_csv(OUT / f"{name}-{k}.csv", index_col=0) for k in range(N_LEARNERS)]
    return pd.concat({str(k): one["log_odds"] for k, one in enumerate(answers)}, axis=1)


def _scores(own: pd.DataFrame, first: pd.DataFrame, truth: dict[str, pd.Series]) -> dict[str, Any]:
    """AUROC and AUPRC of all together, AUROC of each alone, and how far S5 is ahead of them."""
    scores: dict[str, Any] = {}
    for part, labels in truth.items():
        answers, others = own.loc[labels.index], first.loc[labels.index].mean(axis=1)
        died, share = labels.to_numpy(), answers.mean(axis=1).to_numpy()
        rng, ahead = np.random.default_rng(0), []
        for _ in range(N_DRAWS):
            drawn = rng.integers(len(died), size=len(died))
            auroc = [roc_auc_score(died[drawn], s[drawn]) for s in (others.to_numpy(), share)]
            ahead.append(auroc[0] - auroc[1])
        scores[part] = {
            "auroc": float(roc_auc_score(died, share)),
            "auprc": float(average_precision_score(died, share)),
            "auroc_of_one": [float(roc_auc_score(died, answers[column])) for column in answers],
            "first_ahead": [float(q) for q in np.quantile(ahead, (0.025, 0.975))],
        }
    return scores


if __name__ == "__main__":
    main(asked_names("python -m experiments.physionet2012.bagged", __doc__, LEARNERS, "ROW"))
