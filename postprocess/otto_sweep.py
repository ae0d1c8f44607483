"""The pictures of `otto sweep`: figures over the swept key, and final densities over one another. Used by
postprocess/plot."""

import csv
import os

import matplotlib.pyplot as plt
import numpy as np

from otto_pictures import STYLE
from otto_results import Results, ResultsError

# figures worth a panel, in this order, where they differ between the runs
PREFERRED = ("error.l1", "analysis.", "gibbs_distance", "energy.final", "min_density", "energy.edi_gap", "time.steps",
             "solver.linear_iterations")
MAX_PANELS = 6


class Sweep:
    """sweep.csv: `keys`, the swept ones, and `rows`, the completed runs as dicts of texts."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "sweep.csv"), newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames
            self.rows = [row for row in reader if row["status"] == "completed"]
        if not self.rows:
            raise ResultsError(f"{folder}: no run of the sweep is completed")
        self.keys = names[1:names.index("status")]
        self._figures = names[names.index("status") + 1:]

    def panels(self):
        """Names of the figures to draw."""
        differing = [n for n in self._figures if len({row[n] for row in self.rows if row[n]}) > 1]
        chosen = [n for start in PREFERRED for n in differing if n.startswith(start)]
        return list(dict.fromkeys(chosen))[:MAX_PANELS]

    def curves(self):
        """The rows that differ in the first key only, by a label of the others."""
        curves = {}
        for row in self.rows:
            label = ", ".join(f"{key} = {row[key]}" for key in self.keys[1:])
            curves.setdefault(label, []).append(row)
        return curves

    def places(self, rows):
        """Where the first key's values stand along an axis, and their texts where they are no numbers."""
        texts = [row[self.keys[0]] for row in rows]
        try:
            return np.array([float(t) for t in texts]), None
        except ValueError:
            every = list(dict.fromkeys(row[self.keys[0]] for row in self.rows))
            return np.array([float(every.index(t)) for t in texts]), every


def scale_of(values):
    """Logarithmic where positive values cover more than two decades."""
    values = np.asarray(values)
    return "log" if np.all(values > 0) and values.max() > 100 * values.min() else "linear"


def sweep_picture(sweep, title):
    """A panel for each figure, over the first key; a curve for every value of the others."""
    names = sweep.panels()
    if not names:
        raise ResultsError(f"{sweep.folder}: no figure of sweep.csv differs between the runs")
    columns = min(len(names), 3)
    lines = -(-len(names) // columns)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(lines, columns, figsize=(3.6 * columns, 2.9 * lines), squeeze=False)
        for axis, name in zip(axes.flat, names):
            seen = []
            for label, rows in sweep.curves().items():
                rows = [row for row in rows if row[name]]
                places, texts = sweep.places(rows)
                seen.append((places, [float(row[name]) for row in rows]))
                axis.plot(*seen[-1], marker="o", markersize=4, label=label or None)
            axis.set(title=name, xlabel=sweep.keys[0], yscale=scale_of(np.concatenate([y for _, y in seen])))
            if texts:
                axis.set_xticks(range(len(texts)), texts, rotation=30, ha="right")
            else:
                axis.set_xscale(scale_of(np.concatenate([x for x, _ in seen])))
        for axis in axes.flat[len(names):]:
            axis.set_visible(False)
        if len(sweep.keys) > 1:
            axes.flat[0].legend(fontsize=8)
        if title:
            figure.suptitle(title)
        return figure


def run_of(sweep, row):
    return Results(os.path.join(sweep.folder, row["run"]))


def is_line(sweep):
    """Whether the runs are one-dimensional, so that densities can be drawn over one another."""
    return run_of(sweep, sweep.rows[0]).grid.dimension == 1


def overlay_picture(sweep, title):
    """The densities at the end of all runs, coloured along the sweep."""
    runs = [run_of(sweep, row) for row in sweep.rows]
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(8, 4))
        colours = plt.get_cmap("viridis")(np.linspace(0, 0.92, len(runs)))
        for run, row, colour in zip(runs, sweep.rows, colours):
            label = ", ".join(f"{key} = {row[key]}" for key in sweep.keys)
            axis.stairs(run.field(-1), run.grid.edges[0], color=colour, label=label, baseline=None)
        axis.set(xlabel="x", ylabel="density ρ at the end", title=title)
        if len(runs) <= 20:
            axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8)
        return figure
