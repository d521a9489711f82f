"""ct-s5 report: what the gaps of a frame are like, and whether a model remembers across them."""

import pathlib
from typing import Annotated, Any

import numpy as np
import tyro

from ct_s5.cli._args import Columns, OptionalFile, Readings, check_folder, left_out, without
from ct_s5.cli._flags import in_flags

IdColumn = Annotated[str | None, tyro.conf.arg(name="id", metavar="COLUMN", help_behavior_hint="")]
TimeColumn = Annotated[
    str | None, tyro.conf.arg(name="time", metavar="COLUMN", help_behavior_hint="")
]
OptionalModel = Annotated[pathlib.Path | None, left_out("MODEL")]
_MOST_CHANNELS = 3  # in a figure of an example


def report(
    frame: tyro.conf.Positional[Readings],
    /,
    *,
    id_col: IdColumn = None,
    time_col: TimeColumn = None,
    ignore: Columns = (),
    model: OptionalModel = None,
    out: OptionalFile = None,
) -> None:
    """Say how uneven the readings are, before any model is fitted.

    By channel: how many readings, what share is missing, quantiles of the gaps; then the longest
    silences, and rows that share a time. With --out a page with pictures is written too:

        ct-s5 report readings.csv --out report.html

    and with a model, how long its states remember, beside how long it waits for a reading:

        ct-s5 report readings.csv --model model.safetensors

    Args:
        frame: The readings: .csv, .tsv or .parquet.
        id_col: Column that names the series; unique_id, or the model's, when left out.
        time_col: Column of the time; ds, or the model's, when left out.
        ignore: Columns of the readings that are no channels, such as known labels.
        model: A file that `ct-s5 fit` wrote.
        out: Where to write the page (.html).
    """
    from ct_s5.estimators import load
    from ct_s5.frames import gap_report, read_frame

    if out is not None:
        from ct_s5.plots import check_installed

        check_folder(out, ".html")
        check_installed()
    estimator = None if model is None else load(model)
    columns = {
        "id_col": id_col or (estimator.id_col if estimator else "unique_id"),
        "time_col": time_col or (estimator.time_col if estimator else "ds"),
    }
    readings = without(read_frame(frame, **columns), ignore)
    found = gap_report(readings, **columns)
    memory = None if estimator is None else estimator.time_constants(readings)
    print(in_flags(str(found)))
    if memory is not None:
        print(f"\n{in_flags(str(memory))}")
    if out is not None:
        from ct_s5._files import write_atomically

        page = _page(frame.name, readings, found, memory, columns)
        print(f"\nPage {write_atomically(out, page.encode())}")


def _page(name: str, readings, found, memory, columns: dict[str, str]) -> str:
    from ct_s5.plots import render_page

    sections = [
        {"title": "Readings and gaps", "blocks": _gaps(readings, found, columns)},
        {"title": "The longest silences", "blocks": [_table(found.silences_to_read, index=False)]},
        {"title": "Some of the series", "blocks": _examples(readings, columns)},
    ]
    if memory is not None:
        sections.insert(0, {"title": "How long the model remembers", "blocks": _memory(memory)})
    return render_page(
        {
            "title": f"Gaps of {name}",
            "headline": f"Typical gap between readings: {found.time_unit}",
            "lead": f"{name}: {in_flags(found.sentences[0])}",
            "sections": sections,
        }
    )


def _gaps(readings, found, columns) -> list[dict[str, Any]]:
    from ct_s5.frames import gaps_between, to_long
    from ct_s5.plots import figure_to_svg, plot_gaps

    blocks: list[dict[str, Any]] = [{"note": in_flags(s)} for s in found.sentences[2:]]
    long = to_long(readings, **columns)
    if (gaps_between(long, np.flatnonzero(~np.isnan(long.values).all(axis=1))) > 0).any():
        blocks.append(
            {
                "figure": figure_to_svg(
                    plot_gaps(readings, **columns), "Histogram of the gaps between readings"
                ),
                "caption": "Gaps between successive readings of a series, all series together, on "
                "a logarithmic axis.",
            }
        )
    caption = (
        "How many readings, the share of rows without one, and quantiles of the gaps between them: "
        "in the first row of any channel, below of one."
    )
    shorter = found.table.rename(columns=lambda name: name.removeprefix("gap "))
    return [*blocks, _table(shorter, caption)]


def _examples(readings, columns) -> list[dict[str, Any]]:
    """The series with a middling number of readings, and the one with most."""
    from ct_s5.frames import to_long
    from ct_s5.plots import figure_to_svg, plot_series

    long = to_long(readings, **columns)
    counts = np.bincount(long.series[~np.isnan(long.values).all(axis=1)], minlength=len(long.ids))
    by_length = np.argsort(counts, kind="stable")
    shown = {by_length[len(by_length) // 2]: "of middling length", by_length[-1]: "the longest"}
    # The channels that are read most come first, and are the ones drawn.
    order = np.argsort(np.isnan(long.values).sum(axis=0), kind="stable")
    unseen = max(len(order) - _MOST_CHANNELS, 0)
    note = f" {unseen} channels that are read less often are not drawn." if unseen else ""
    blocks = []
    for series, word in shown.items():
        rows = np.flatnonzero(long.series == series)
        rows = rows[np.argsort(long.times.ticks[rows], kind="stable")]
        name = str(long.ids[series])
        figure = plot_series(
            *(long.times.column.iloc[rows], long.values[rows][:, order]),
            channels=[long.channels[c] for c in order],
            title=name,
            most=_MOST_CHANNELS,
        )
        blocks.append(
            {
                "figure": figure_to_svg(figure, f"Readings of series {name}"),
                "caption": f"Series {name}, {word} by number of readings ({counts[series]:,}). "
                f"Shaded: gaps above three times its mean gap.{note}",
            }
        )
    return blocks


def _memory(memory) -> list[dict[str, Any]]:
    from ct_s5.plots import figure_to_svg, plot_time_constants

    figure = plot_time_constants(memory)
    return [
        *({"note": in_flags(warning)} for warning in memory.warnings),
        {
            "figure": figure_to_svg(figure, "Half-lives of the states over the gaps"),
            "caption": "Each dot is a state: after its half-life half of what it holds is "
            "forgotten. Shaded: the middle half of the gaps between readings, and nine in ten.",
        },
        _table(memory.table),
    ]


def _table(table, caption: str = "", index: bool = True) -> dict[str, Any]:
    rows = [list(map(str, row)) for row in table.itertuples(index=index)]
    columns = [*([""] if index else []), *map(str, table.columns)]
    return {"table": rows, "columns": columns, "caption": caption}
