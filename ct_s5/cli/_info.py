"""ct-s5 info: what a saved model is."""

import tyro

from ct_s5.cli._args import ModelFile


def info(model: tyro.conf.Positional[ModelFile], /) -> None:
    """Say what a saved model is: what it tells, channels, time unit, size, training.

    Args:
        model: A file that `ct-s5 fit` wrote.
    """
    from ct_s5.estimators import load
    from ct_s5.training import named_arrays

    estimator = load(model)
    schema, settings = estimator.schema_, estimator.model_.settings
    size = sum(array.size for array in named_arrays(estimator.model_).values())
    best = estimator.history_.loc[estimator.best_epoch_]
    rows = {
        **_what_it_tells(estimator),
        "channels": ", ".join(schema.channels),
        "static": ", ".join(column.name for column in schema.static) or "none",
        "id and time": f"{schema.id_col}, {schema.time_col} ({schema.time_kind})",
        "time unit": schema.unit_name,
        "network": f"{settings.depth} x {settings.mixer}, width {settings.width}, states "
        f"{settings.states}, hold {settings.hold}"
        + (", both directions" if settings.bidirectional else ""),
        "parameters": f"{size:,}",
        "trained": f"{len(estimator.history_)} epochs, best {estimator.best_epoch_}",
        "validation loss": f"{best.get('validation_loss', float('nan')):.4g}",
    }
    for name, value in rows.items():
        print(f"{name:<16} {value}")


def _what_it_tells(estimator) -> dict[str, str]:
    from ct_s5.estimators import S5Classifier, S5Forecaster, S5Imputer

    name = type(estimator).__name__
    if isinstance(estimator, S5Forecaster):
        known = (estimator.known,) if isinstance(estimator.known, str) else estimator.known
        return {
            "model": f"{name}, at any time after the last reading",
            "forecasts": ", ".join(estimator.channels_),
            "horizon": str(estimator.horizon),
            "known beforehand": ", ".join(known) or "none",
        }
    if isinstance(estimator, S5Imputer):
        return {
            "model": f"{name}, at any time from the readings around it",
            "fills in": ", ".join(estimator.channels_),
        }
    told = {"model": f"{name}, one answer per {estimator.per}"}
    if isinstance(estimator, S5Classifier):
        told["classes"] = ", ".join(map(str, estimator.classes_))
    else:
        told["predicts"] = ", ".join(map(str, estimator.target_names_ or ())) or "numbers"
    return told
