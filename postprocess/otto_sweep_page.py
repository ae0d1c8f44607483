"""The part of a report that is about a sweep: figures over the swept key, the densities at the end, and what differs between the runs."""

import csv
import html
import os

import numpy as np
from otto_charts import line_chart
from otto_pictures import axis_name, field_name
from otto_results import ResultsError
from otto_sweep import Sweep, is_line, run_of, scale_of


def _figure(chart, caption):
    return f"<figure>{chart}<figcaption>{html.escape(caption)}</figcaption></figure>" if chart else ""


def _panels(sweep):
    """A chart for each figure that differs, over the first key; a curve for every value of the others."""
    parts = []
    for name in sweep.panels():
        series = []
        for label, rows in sweep.curves().items():
            rows = [row for row in rows if row[name]]
            places, texts = sweep.places(rows)
            if texts:  # no numbers: the table tells
                break
            series.append((label or name, places, [float(row[name]) for row in rows]))
        if series and all(len(xs) for _, xs, _ in series):
            xs, ys = (np.concatenate([one[i] for one in series]) for i in (1, 2))
            if np.ptp(ys) < 1e-30:  # least densities that are as good as 0
                continue
            chart = line_chart(series, sweep.keys[0], name, scale_of(xs) == "log", scale_of(ys) == "log", marks=True)
            parts.append(_figure(chart, f"{name} over {sweep.keys[0]}."))
    return f'<div class="charts">{"".join(parts)}</div>' if parts else ""


def _densities(sweep):
    """Those at the end, of up to six runs along the sweep."""
    if not is_line(sweep):
        return ""
    chosen = sorted(set(np.linspace(0, len(sweep.rows) - 1, 6).astype(int).tolist()))
    series = []
    for row in (sweep.rows[i] for i in chosen):
        run = run_of(sweep, row)
        order = np.argsort(run.grid.centers[:, 0])
        series.append((", ".join(f"{key} = {row[key]}" for key in sweep.keys), run.grid.centers[order, 0], run.field(-1)[order]))
    return _figure(line_chart(series, axis_name(run, 0), field_name(run, "density")), "The density at the end.")


def sweep_section(folder, table):
    """`table`: names and rows to HTML. Columns that are the same in all runs stand in one sentence."""
    with open(os.path.join(folder, "sweep.csv"), newline="", encoding="utf-8") as file:
        names, *rows = list(csv.reader(file))
    last_key = names.index("status")
    same = [i for i in range(last_key + 1, len(names)) if len(rows) > 1 and len({row[i] for row in rows}) == 1]
    shown = [i for i in range(len(names)) if i not in same]
    text = "<h2>Sweep</h2>"
    try:
        sweep = Sweep(folder)
        text += _panels(sweep) + _densities(sweep)
    except (ResultsError, OSError, KeyError):  # no run is completed, or a folder of one is gone: the table tells
        pass
    text += table([names[i] for i in shown], [[row[i] for i in shown] for row in rows])
    constant = ", ".join(f"{names[i]} {rows[0][i]}" for i in same if rows[0][i])
    return text + (f"<p>The same in all runs: {html.escape(constant)}.</p>" if constant else "")
