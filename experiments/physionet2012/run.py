"""Does the estimator's default meet the published level on in-hospital mortality, and do gaps help?

Compared   true gaps; equal gaps; no S5 block; a GRU with gaps appended; logistic regression and
           gradient boosting on summaries of each channel.
Same       records, five seeded splits of 2560 / 640 / 800 and the published one, inputs, budget.
Run        python -m experiments.physionet2012.run  (half an hour, one core)
Result     the table in README.md here, made by `python -m experiments.physionet2012.table`.
"""

import hashlib
import json
import pathlib
import resource
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ct_s5 import S5Classifier
from ct_s5.lab import treat
from ct_s5.training import named_arrays
from experiments.data import load
from experiments.physionet2012.summaries import summarised
from experiments.record import record
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
SPLITS = ["mtan-classif@1", *(f"seeded-{n}" for n in range(5))]
# Keywords beyond the defaults; the first row has none.
NETWORKS = {
    "true_gaps": ("true", {}),
    "equal_gaps": ("equal", {}),
    "depth_0": ("true", {"depth": 0}),
    # Width 45 has as many parameters, within 2 %, as the default.
    "gru_gaps_appended": ("appended", {"mixer": "gru", "width": 45}),
}
SUMMARIES = {
    "logistic_regression": make_pipeline(
        SimpleImputer(), StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)
    ),
    "gradient_boosting": HistGradientBoostingClassifier(random_state=0),
}


def main(names: list[str]) -> None:
    a = load("physionet2012", part="a")
    b = load("physionet2012", part="b")
    splits = {name: a.splits[name] for name in SPLITS}
    protocol = {
        "name": "physionet2012/mtan-classif@1 and five seeded splits of its sizes",
        "hash": hashlib.sha256(
            json.dumps(
                {n: {k: ids.tolist() for k, ids in s.items()} for n, s in splits.items()}
            ).encode()
        ).hexdigest(),
    }
    # A network that is never told the missing static value of three records says so each time.
    warnings.filterwarnings("ignore", message="Static column|.* have no reading at all")
    for name in names or [*NETWORKS, *SUMMARIES]:
        if name in NETWORKS:
            treatment, keywords = NETWORKS[name]
            data = [_Part(d, treatment) for d in (a, b)]
            settings = {"treatment": treatment, "estimator": S5Classifier(**keywords).get_params()}
            fit = _network(keywords, treatment)
        else:
            data = [_Part(d, "true").summarised() for d in (a, b)]
            settings = {"model": str(SUMMARIES[name])}
            fit = _summary(SUMMARIES[name])

        def run(seed, data=data, fit=fit):
            # Seed 0 is the published split, 1 to 5 the seeded ones; each also seeds the weights.
            return fit(seed, data, splits[SPLITS[seed]]) | {"split": SPLITS[seed]}

        record(run, settings, protocol, range(len(SPLITS)), RESULTS / f"{name}.json")


class _Part:
    """One set: its readings under a treatment, labels and statics, by record."""

    def __init__(self, dataset, treatment):
        self.frame = treat(dataset.frame, treatment, seed=0)
        self.labels, self.static = dataset.labels, dataset.static

    def of(self, ids):
        frame = self.frame[self.frame["unique_id"].isin(ids)]
        return frame, self.labels.loc[ids], self.static.loc[ids]

    def summarised(self):
        self.frame = summarised(self.frame, self.static.loc[self.labels.index])
        self.of = lambda ids: (self.frame.loc[ids], self.labels.loc[ids], None)
        return self


def _network(keywords, treatment):
    time_unit = 1.0 if treatment != "true" else None

    def fit(seed, data, split):
        a, b = data
        frame, labels, static = a.of(split["train"])
        model = S5Classifier(**keywords, time_unit=time_unit, random_state=seed)
        model.fit(frame, labels, static=static, validation=a.of(split["validation"]))

        def answer(frame, static):
            return model.predict_proba(frame, static=static)[1]

        return _scores(answer, a.of(split["test"]), b.of(b.labels.index)) | {
            "best_epoch": model.best_epoch_,
            "epochs": len(model.history_),
            "seconds_an_epoch": round(float(model.history_["seconds"].iloc[1:].median()), 2),
            "compilations": model.n_compilations_,
            "parameters": sum(array.size for array in named_arrays(model.model_).values()),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }

    return fit


def _summary(estimator):
    def fit(seed, data, split):
        a, b = data
        # Nothing is tuned, so the validation records serve as training records too.
        frame, labels, _ = a.of(np.concatenate([split["train"], split["validation"]]))
        estimator.fit(frame, labels)

        def answer(frame, static):
            return pd.Series(estimator.predict_proba(frame)[:, 1], frame.index)

        return _scores(answer, a.of(split["test"]), b.of(b.labels.index))

    return fit


def _scores(answer, *parts):
    scores = {}
    for name, (frame, labels, static) in zip(("test", "set_b"), parts, strict=True):
        shares = answer(frame, static)
        truth = labels.loc[shares.index]
        scores[f"{name}_auroc"] = float(roc_auc_score(truth, shares))
        scores[f"{name}_auprc"] = float(average_precision_score(truth, shares))
    return scores


if __name__ == "__main__":
    main(
        asked_names(
            "python -m experiments.physionet2012.run", __doc__, [*NETWORKS, *SUMMARIES], "ROW"
        )
    )
