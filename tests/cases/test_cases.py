"""Runs every folder of cases/ and holds it to the figures of its expected.toml.

expected.toml:
  exact = "NAME"             the exact solution in cases/exact.py
  command = "train"          the case is for `otto train`, or "spectrum"; default "run"
  words = ["-k", "3"]        more words of the command line
  prepare = "make_data.py"   a script of the folder that writes the case's data first
  settings = ["KEY=VALUE"]   for this test alone
  gradient_flow = false      the free energy may grow (a drift does work); default true
  keeps_mass = false         mass leaves through absorbing sides and may only fall; default true
  ranks = [1, 3]             ten steps also on these numbers of ranks, final.h5 being the same to 1e-11
  [[figure]]                 value +- tolerance (or `least`, `most`), and `why` that tolerance:
    settings = ["KEY=VALUE"]   of a run for this figure, instead of those above
    file = "FILE.toml"         another case in the folder, for this figure
    summary = "energy.final"   an entry of summary.json; numbers count entries of lists
    moment = "x^2"             sum volume density f(x, y, z) / sum volume density, of final.h5
    distance = "l1"            of final.h5 to the exact cell averages; or "symmetric_entropy"
    moved = "density"          its largest change since the start, over its largest value
    gaussians_to = "NAME"      largest W2 over time between Gaussians of the run's moments and of
                               the law NAME(times) in cases/exact.py
    bounded = "kl_gibbs"       largest of that column over its first entry times exp(-`rate` t)
    converge = ["--levels", "4"]   last order_l1 of `otto converge` with these words
    front = 0.1                largest distance from the origin of a centre with more than this density
    geodesic_to = "FILE.toml"  W2 of `otto distance` from final.h5 to that of another case in the folder
    slope = "reinjected"       what that column of history.csv grows by per time, from time `from` to the end
    decay = "free_energy"      exponential rate of that column of history.csv above `equilibrium`,
                               from time `from` to time `to`
    formula = "..."            Python over cases/exact.py that must give the value to 9 digits
"""

import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import tomllib
import unittest

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CASES = os.path.join(ROOT, "cases")
OTTO = os.environ.get("OTTO", os.path.join(ROOT, "build", "otto"))
TORCH = os.path.join(os.path.dirname(OTTO), "libotto_torch.so")
PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))  # times as long as usual: sanitizers
for path in (CASES, os.path.join(ROOT, "tests")):
    sys.path.insert(0, path)

import exact  # noqa: E402
from answers import otto  # noqa: E402


def run_case(name, folder, ranks=1, settings=(), file="case.toml", verb="run", words=(), start=False):
    """Runs a case into `folder`; `start`: in a process of its own."""
    command = [verb, os.path.join(CASES, name, file), "-o", folder, *words]
    for setting in settings:
        command += ["--set", setting]
    run_otto(command, ranks, start)


def run_otto(words, ranks=1, start=False):
    """Fails the test with the program's own message."""
    if start:
        done = subprocess.run([OTTO, *words], capture_output=True, text=True, timeout=600 * PATIENCE, stdin=subprocess.DEVNULL,
                              check=False)
    else:
        done = otto(words, ranks=ranks)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}\nended with {done.returncode}:\n{done.stdout}"
                             f"\n{done.stderr}")


def geodesic_length(name, folder, target, settings):
    """W2 from the final density in `folder` to that of another case file."""
    with tempfile.TemporaryDirectory() as other, tempfile.TemporaryDirectory() as out:
        run_case(name, other, settings=settings, file=target)
        run_otto(["distance", os.path.join(folder, "final.h5"), os.path.join(other, "final.h5"),
                  "-o", out])
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            return json.load(file)["distance"]["w2"]


class Final:
    """final.h5: `x`, `y`, `z` at the centres, `volume`, `density`."""

    def __init__(self, folder):
        with h5py.File(os.path.join(folder, "final.h5")) as file:
            self.centers = file["cells/center"][()]
            self.volume = file["cells/volume"][()]
            self.density = file["cells/density"][()]
            self.time = float(file.attrs["time"])
        assert self.centers.ndim == 2 and np.isfinite(self.density).all()

    def moment(self, expression):
        names = dict(zip("xyz", self.centers.T), pi=math.pi, sin=np.sin, cos=np.cos, exp=np.exp)
        f = eval(expression.replace("^", "**"), {"__builtins__": {}}, names)  # our own files
        weight = self.volume * self.density
        return float(np.sum(weight * f) / np.sum(weight))

    def front(self, level):
        return float(np.linalg.norm(self.centers[self.density > level], axis=1).max())

    def distance(self, kind, name, mesh):
        """To the exact cell averages on the box of the case."""
        axes = zip(mesh["lower"], mesh["upper"], mesh["cells"])
        edges = [np.linspace(low, high, n + 1) for low, high, n in axes]
        averages = exact.density(name, self.time, edges)
        place = tuple(np.clip(np.searchsorted(e, c) - 1, 0, len(e) - 2)
                      for e, c in zip(edges, self.centers.T))
        if kind == "symmetric_entropy":
            return exact.symmetric_entropy(self.volume * self.density, self.volume * averages[place])
        return float(np.sum(self.volume * np.abs(self.density - averages[place])))


def read_history(folder):
    with open(os.path.join(folder, "history.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ("step", "time", "dt", "mass", "min_density", "free_energy", "dissipation", "kl_gibbs")
    return {name: np.array([float(row[name]) for row in rows]) for name in names if name in rows[0]}


def moments_apart(folder, name, mesh):
    """Largest W2 over time between Gaussians, of the moments in history.csv and of the law. Cell averages add
    h^2/12 to the variances, which is taken off."""
    with open(os.path.join(folder, "history.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    axes = "xyz"[:len(mesh["cells"])]
    widths = (np.array(mesh["upper"]) - mesh["lower"]) / mesh["cells"]
    means, covariances = vars(exact)[name](np.array([float(row["time"]) for row in rows]))
    largest = 0.0
    for row, mean, covariance in zip(rows, means, covariances):
        told = [float(row[f"mean_{a}"]) for a in axes]
        spread = np.array([[float(row["cov_" + min(a + b, b + a)]) for b in axes] for a in axes])
        largest = max(largest, exact.bures(told, spread - np.diag(widths**2 / 12), mean, covariance))
    return largest


def largest_change(folder):
    """Of the density between the first output and final.h5, over its largest value."""
    with h5py.File(os.path.join(folder, "fields", "density_0000.hdf")) as file:
        start = file["VTKHDF/CellData/density"][:]
    return float(np.abs(Final(folder).density - start).max() / start.max())


def decay_rate(history, figure):
    excess = history[figure["decay"]] - figure["equilibrium"]
    inside = (history["time"] >= figure["from"] - 1e-12) & (history["time"] <= figure["to"] + 1e-12)
    return -float(np.polyfit(history["time"][inside], np.log(excess[inside]), 1)[0])


def slope_of(folder, figure):
    with open(os.path.join(folder, "history.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    points = [(float(row["time"]), float(row[figure["slope"]])) for row in rows if float(row["time"]) >= figure["from"]]
    return (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0])


def load(name, file):
    with open(os.path.join(CASES, name, file), "rb") as stream:
        return tomllib.load(stream)


def suits_build(name):
    """Energies are trained by the torch module only."""
    trained = load(name, "expected.toml").get("command") == "train"
    return not trained or os.path.exists(os.path.join(os.path.dirname(OTTO), "libotto_torch.so"))


class CaseTest(unittest.TestCase):
    """One test per case folder, added below."""

    def measure(self, figure, folder, case, expected):
        with open(os.path.join(folder, "case.resolved.toml"), "rb") as file:
            mesh = tomllib.load(file)["mesh"]
        if "summary" in figure:
            with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
                value = json.load(file)
            for key in figure["summary"].split("."):
                value = value[int(key) if key.isdigit() else key]
        elif "converge" in figure:
            with open(os.path.join(folder, "convergence.csv"), newline="", encoding="utf-8") as file:
                value = float(list(csv.DictReader(file))[-1]["order_l1"])
        elif "geodesic_to" in figure:
            value = geodesic_length(case["name"], folder, figure["geodesic_to"],
                                    expected.get("settings", ()))
        elif "gaussians_to" in figure:
            value = moments_apart(folder, figure["gaussians_to"], mesh)
        elif "moved" in figure:
            value = largest_change(folder)
        elif "bounded" in figure:
            history = read_history(folder)
            column = history[figure["bounded"]]
            value = (column / (column[0] * np.exp(-figure["rate"] * history["time"]))).max()
        elif "slope" in figure:
            value = slope_of(folder, figure)
        elif "moment" in figure:
            value = Final(folder).moment(figure["moment"])
        elif "front" in figure:
            value = Final(folder).front(figure["front"])
        elif "distance" in figure:
            value = Final(folder).distance(figure["distance"], expected["exact"], mesh)
        else:
            value = decay_rate(read_history(folder), figure)
        return value

    def check_figure(self, figure, folder, case, expected):
        with tempfile.TemporaryDirectory() as own:
            if not {"settings", "file", "converge"}.isdisjoint(figure):
                words = figure.get("converge", expected.get("words", ()))
                verb = "converge" if "converge" in figure else expected.get("command", "run")
                run_case(case["name"], own, settings=figure.get("settings", ()),
                         file=figure.get("file", "case.toml"), verb=verb, words=words)
                if verb == "run":
                    self.check_ledger(own, expected)
                folder = own
            value = self.measure(figure, folder, case, expected)
        what = " ".join(f"{k} {figure[k]}" for k in figure
                        if k not in ("value", "tolerance", "least", "most", "formula", "why"))
        print(f"  {what}: {value:.10g}  {figure.get('value', '')} +- {figure.get('tolerance', '')}",
              flush=True)
        if "value" in figure:
            self.assertLessEqual(abs(value - figure["value"]), figure["tolerance"], what)
        if "least" in figure:
            self.assertGreaterEqual(value, figure["least"], what)
        if "most" in figure:
            self.assertLessEqual(value, figure["most"], what)

    def check_formulas(self, figure):
        """The figures are mathematics: they follow from cases/exact.py."""
        pairs = [("value", "formula"), ("equilibrium", "equilibrium_formula")]
        for value, formula in pairs:
            if formula in figure:
                wanted = eval(figure[formula], vars(exact))  # our own files
                self.assertLessEqual(abs(figure[value] - wanted), 1e-9 * max(1, abs(wanted)), figure)

    def check_ledger(self, folder, expected):
        """What every run owes: mass, positivity, finite numbers, a falling free energy."""
        history = read_history(folder)
        for column in history.values():
            self.assertTrue(np.isfinite(column).all())
        change = history["mass"] / history["mass"][0] - 1
        if expected.get("keeps_mass", True):
            self.assertLessEqual(np.abs(change).max(), 1e-12, "mass drift")
        else:
            self.assertLessEqual(np.diff(change).max(), 0.0, "mass grew")
        self.assertGreaterEqual(history["min_density"].min(), 0.0)
        if expected.get("gradient_flow", True):
            growth = np.diff(history["free_energy"])
            scale = np.abs(history["free_energy"]).max()
            self.assertLessEqual(growth.max(), 1e-13 * scale, "the free energy grew")

    def check_ranks(self, name, ranks):
        """Tight solves on each number of ranks give the same density after ten steps."""
        time, finals = load(name, "case.toml")["time"], []
        end = min(time["end"], time.get("start", 0) + 10 * time["step"])
        for n in ranks:
            with tempfile.TemporaryDirectory() as folder:
                run_case(name, folder, n, ["solver.rtol=1e-13", f"time.end={end}", "output.format=none"])
                finals.append(Final(folder))
        for other in finals[1:]:
            np.testing.assert_array_equal(other.centers, finals[0].centers)
            difference = np.abs(other.density - finals[0].density).max()
            print(f"  ranks {ranks}: {difference / finals[0].density.max():.1e}", flush=True)
            self.assertLessEqual(difference, 1e-11 * finals[0].density.max())


def add_tests(name):
    def test_figures(self):
        if not suits_build(name):
            self.skipTest("this build has no torch module")
        case, expected = load(name, "case.toml"), load(name, "expected.toml")
        self.assertTrue(expected["figure"], "no figures")
        if "prepare" in expected:
            subprocess.run([sys.executable, os.path.join(CASES, name, expected["prepare"])], check=True)
        with tempfile.TemporaryDirectory() as folder:
            verb = expected.get("command", "run")
            run_case(name, folder, settings=expected.get("settings", ()), verb=verb,
                     words=expected.get("words", ()), start=True)
            if verb == "run":
                self.check_ledger(folder, expected)
            for figure in expected["figure"]:
                self.assertTrue(figure["why"])
                self.check_formulas(figure)
                self.check_figure(figure, folder, dict(case, name=name), expected)

    case = load(name, "case.toml")
    if any("network" in term for term in case.get("energy", [])) and not os.path.exists(TORCH):
        test_figures = unittest.skip("needs libotto_torch")(test_figures)
    setattr(CaseTest, f"test_{name}", test_figures)
    ranks = load(name, "expected.toml").get("ranks")
    if ranks:
        setattr(CaseTest, f"test_{name}_on_ranks", lambda self: self.check_ranks(name, ranks))


for _name in sorted(os.listdir(CASES)):
    if os.path.exists(os.path.join(CASES, _name, "case.toml")):
        add_tests(_name)

if __name__ == "__main__":
    unittest.main(verbosity=2)
