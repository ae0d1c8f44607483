"""`otto fit` as a user meets it: potentials found again from the flow's own densities and from samples,
error bars, ranks, stopped and resumed fits, the round trip through fitted.toml, and bad input."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from answers import otto  # noqa: E402

OTTO = os.environ["OTTO"]
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))

LINE = """\
[mesh]
kind = "box"
lower = [-3.0]
upper = [3.0]
cells = [48]
[[energy]]
kind = "entropy"
temperature = 0.5
"""
PLANE = LINE.replace("[-3.0]", "[-2.0, -2.0]").replace("[3.0]", "[2.0, 2.0]").replace("[48]", "[16, 16]")
WELL = "x^4/8 - x^2 + 0.4*x"


def truth(head, expression, times, flux="scharfetter_gummel", mean=1.0):
    """The case of a run whose densities are the data."""
    axes = head.count(",") and 2 or 1
    return head + f"""[[energy]]
kind = "external"
expression = "{expression}"
[initial]
kind = "gaussian"
mean = {[mean] * axes}
variance = 0.4
[flux]
kind = "{flux}"
[solver]
rtol = 1e-13
[time]
scheme = "tr_bdf2"
step = {times[1] / 8}
end = {times[-1]}
"""


class FitTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def otto(self, *words, ranks=1, status=0):
        done = otto(words, ranks=ranks, timeout=300)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done.stderr + done.stdout

    def densities(self, case, times):
        """The run's density at each of the times after the first, as files."""
        self.write("truth.toml", case)
        names = []
        for k, t in enumerate(times[1:]):
            self.otto("run", self.path("truth.toml"), "-o", self.path(f"run{k}"), "--set", f"time.end={t}")
            names.append(f"run{k}/final.h5")
        return names

    def fit(self, head, data, out="out", settings=(), ranks=1, status=0, more=()):
        self.write("fit.toml", head + "[data]\n" + data)
        words = ["fit", self.path("fit.toml"), "-o", self.path(out), *more]
        for setting in settings:
            words += ["--set", setting]
        return self.otto(*words, ranks=ranks, status=status)

    def summary(self, out="out"):
        with open(self.path(out, "summary.json"), encoding="utf-8") as file:
            return json.load(file)["fit"]

    def history(self, out="out"):
        with open(self.path(out, "history.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [{k: v for k, v in row.items() if k != "wall_seconds"} for row in rows]

    def potential(self, out="out"):
        with h5py.File(self.path(out, "V.h5")) as file:
            return {name: file["cells/" + name][:] for name in file["cells"]}


def quoted(names):
    return "snapshots = [" + ", ".join(f'"{n}"' for n in names) + "]\n"


def well_error(fields):
    """The largest error of V where the population was, both less their mean there."""
    x, V, weight = fields["center"].ravel(), fields["value"], fields["weight"]
    there = weight > 1e-3 * weight.max()
    error = (V - (x**4 / 8 - x**2 + 0.4 * x))[there]
    return np.abs(error - np.average(error, weights=weight[there])).max()


class Densities(FitTest):
    TIMES = (0.0, 0.2, 0.4, 0.6, 0.8)

    def test_the_flow_s_own_potential_is_found(self):
        names = self.densities(truth(LINE, WELL, self.TIMES), self.TIMES)
        self.fit(LINE + '[flux]\nkind = "scharfetter_gummel"\n[fit]\nsteps = 8\ndeviations = 8\n',
                 quoted(names) + "heldout_last = 1\n")
        fit, V = self.summary(), self.potential()
        self.assertLess(well_error(V), 1e-6)
        self.assertLess(fit["gradient_check"], 1e-8)
        self.assertLess(fit["heldout"]["kl"], 1e-6 * fit["heldout"]["baseline_kl"])
        self.assertEqual(V["gradient_deviation"].shape, (48, 1))
        self.assertTrue((V["deviation"] >= 0).all())
        self.otto("run", self.path("out", "fitted.toml"), "-o", self.path("again"))
        with h5py.File(self.path("out", "final.h5")) as a, h5py.File(self.path("again", "final.h5")) as b:
            self.assertLess(np.abs(a["cells/density"][:] - b["cells/density"][:]).max(), 1e-10)

    def test_the_temperature_with_it(self):
        names = self.densities(truth(LINE, WELL, self.TIMES), self.TIMES)
        self.fit(LINE.replace("0.5", "0.8") + '[flux]\nkind = "scharfetter_gummel"\n'
                 '[fit]\nunknowns = ["external", "temperature"]\nprior = 1e-12\nsteps = 8\ndeviations = 4\n',
                 quoted(names))
        fit = self.summary()
        self.assertAlmostEqual(fit["temperature"], 0.5, delta=1e-5)
        self.assertTrue(fit["temperature_determined"])

    def test_data_at_rest_do_not_determine_it(self):
        x = -3 + 0.125 * (np.arange(48) + 0.5)
        for name in ("a.h5", "b.h5", "c.h5"):
            with h5py.File(self.path(name), "w") as file:
                file["cells/center"] = x[:, None]
                file["cells/density"] = np.exp(-x**2 / 2)
                file.attrs["time"] = float("abc".index(name[0]))
        self.fit(LINE + '[flux]\nkind = "scharfetter_gummel"\n[fit]\nunknowns = ["external", "temperature"]\n'
                 "deviations = 4\n", quoted(["a.h5", "b.h5", "c.h5"]))
        fit, V = self.summary(), self.potential()
        self.assertFalse(fit["temperature_determined"])
        x, there = V["center"].ravel(), V["weight"] > 1e-3 * V["weight"].max()
        error = (V["value"] / fit["temperature"] - x**2 / 2)[there]
        self.assertLess(np.abs(error - error.mean()).max(), 1e-4)

    def test_the_same_on_three_ranks(self):
        times = (0.0, 0.1, 0.2)
        names = self.densities(truth(PLANE, "(x^2-1)^2/2 + x*y/2 + y^2", times), times)
        head = PLANE + "[fit]\nprior = 1e-6\nsteps = 4\ndeviations = 2\n"
        self.fit(head, quoted(names))
        self.fit(head, quoted(names), out="three", ranks=3)
        one, three = self.potential(), self.potential("three")
        order = [np.lexsort(p["center"].T) for p in (one, three)]
        for name, scale in (("value", 1e-7), ("deviation", 1e-2)):
            a, b = one[name][order[0]], three[name][order[1]]
            self.assertLess(np.abs(a - b).max(), scale * np.abs(a).max())
        self.assertEqual(self.summary()["iterations"], self.summary("three")["iterations"])

    def test_finer_data_are_summed(self):
        times = (0.0, 0.2, 0.4)
        names = self.densities(truth(LINE.replace("[48]", "[96]"), WELL, times), times)
        head = LINE + "[fit]\nprior = 1e-6\ndeviations = 0\n"
        self.fit(head, quoted(names))
        for k, name in enumerate(names):
            with h5py.File(self.path(name)) as fine, h5py.File(self.path(f"sum{k}.h5"), "w") as file:
                order = np.argsort(fine["cells/center"][:].ravel())
                for field in ("center", "density"):
                    pairs = fine["cells/" + field][:][order].reshape(48, 2)
                    file["cells/" + field] = pairs.mean(1)
                file.attrs["time"] = times[k + 1]
        self.fit(head, quoted(["sum0.h5", "sum1.h5"]), out="summed")
        self.assertNotIn("effective_samples", self.summary())  # nobody has asked for what takes it
        a, b = self.potential()["value"], self.potential("summed")["value"]
        self.assertLess(np.abs(a - b).max(), 1e-8 * np.abs(a).max())

    def test_a_limiter_that_goes_round_in_circles(self):
        """Steep waves, thinner than the cells see: refreshed limiters move V to and fro for ever."""
        times = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05)
        head = LINE.replace("3.0", "4.0").replace("temperature = 0.5", "temperature = 0.2")
        case = truth(head.replace("[48]", "[768]"), "cos(pi*x) + x^4/2 - 3*x^2", times)
        case = case[:case.index("[initial]")] + '[initial]\nkind = "uniform"\n' + case[case.index("[flux]"):]
        names = self.densities(case, (0.0, 1e-9) + times[1:])
        self.fit(head.replace("[48]", "[96]") + "[fit]\nprior = 1e-7\nsteps = 6\ndeviations = 0\n", quoted(names))
        self.assertLess(len(self.history()), 20)  # 44, the limit of that time, where every refresh is taken
        self.assertLess(self.summary()["misfit"], 3.6e-3)  # 4.4e-3 after the 44

class Interactions(FitTest):
    """A population that attracts itself in a well, from two starts; W is a spline, which the fit can find exactly."""
    TIMES = (0.0, 0.3, 0.6, 1.2)

    def setUp(self):
        super().setUp()
        r = np.linspace(0, 4, 9)
        self.W = -1.5 * np.exp(-r**2 / 2)
        self.W -= self.W[-1]
        with h5py.File(self.path("kernel.h5"), "w") as file:
            file["r"], file["value"] = r, self.W
        self.kernel = f'[[energy]]\nkind = "interaction"\ntable = "{self.path("kernel.h5")}"\n'

    def series(self, head=LINE):
        """[data] and a [[data.series]]: densities of `otto run` in small steps, on the mesh of the fit or that of `head`."""
        text = ""
        for number, mean in enumerate((0.8, -1.0)):
            case = truth(head, "x^2/4", self.TIMES, mean=mean)
            self.write("truth.toml", case + self.kernel)
            names = []
            for k, t in enumerate((1e-9, *self.TIMES[1:])):
                self.otto("run", self.path("truth.toml"), "-o", self.path(f"run{number}_{k}"),
                          "--set", f"time.end={t}", "--set", f"time.step={min(t, 0.005)}")
                names.append(f"run{number}_{k}/final.h5")
            text += ("[[data.series]]\n" if number else "") + quoted(names)
            text += f"times = {list(self.TIMES)}\n" + ("" if number else "heldout_last = 1\n")
        return text

    def test_with_v_and_the_temperature(self):
        self.fit(LINE.replace("0.5", "0.7") + '[flux]\nkind = "scharfetter_gummel"\n[fit]\n'
                 'unknowns = ["external", "interaction", "temperature"]\nrange = 4.0\nknots = 8\n'
                 "prior = 1e-12\nsteps = 60\ndeviations = 4\n", self.series())
        fit, V = self.summary(), self.potential()
        x, there = V["center"].ravel(), V["weight"] > 1e-2 * V["weight"].max()
        error = (V["value"] - x**2 / 4)[there]
        self.assertLess(np.abs(error - error.mean()).max(), 2e-3)
        with h5py.File(self.path("out", "W.h5")) as file:
            self.assertLess(np.abs(file["value"][:6] - file["value"][0] - self.W[:6] + self.W[0]).max(), 1e-2)
            self.assertEqual(file["value"][8], 0)
            self.assertEqual(file["deviation"].shape, (9,))
        self.assertAlmostEqual(fit["temperature"], 0.5, delta=5e-4)
        self.assertLess(fit["gradient_check"], 1e-8)
        self.assertGreater(fit["confounding"], 0.05)
        self.assertLess(fit["heldout"]["kl"], 1e-3 * fit["heldout"]["baseline_kl"])
        self.otto("run", self.path("out", "fitted.toml"), "-o", self.path("again"))
        with h5py.File(self.path("out", "final.h5")) as a, h5py.File(self.path("again", "final.h5")) as b:
            self.assertLess(np.abs(a["cells/density"][:] - b["cells/density"][:]).max(), 1e-10)

    def test_the_evidence_finds_the_interaction(self):
        """From finer densities. A strong prior, under which W is 0 and the misfit 0.1, has an evidence of its own."""
        data = self.series(LINE.replace("[48]", "[192]"))
        self.fit(LINE.replace("0.5", "0.7") + '[fit]\nunknowns = ["external", "interaction", "temperature"]\n'
                 "range = 4.0\nknots = 8\ndeviations = 0\n", data)
        fit, V = self.summary(), self.potential()
        self.assertLess(fit["misfit"], 1e-3)
        self.assertAlmostEqual(fit["temperature"], 0.5, delta=0.02)
        x, there = V["center"].ravel(), V["weight"] > 1e-2 * V["weight"].max()
        error = (V["value"] - x**2 / 4)[there]
        self.assertLess(np.abs(error - error.mean()).max(), 0.05)
        found = self.kernel_found("out")
        self.assertLess(np.abs(found - self.W[:6] + self.W[0]).max(), 0.1)
        cg = [int(row["cg_iterations"]) for row in self.history()]
        self.assertLess(np.mean(cg), 15)  # 40, the limit of that time, with w and log kT not eliminated

    def test_a_known_interaction_is_kept(self):
        data = self.series()
        self.fit(LINE + '[flux]\nkind = "scharfetter_gummel"\n' + self.kernel +
                 "[fit]\nprior = 1e-12\nsteps = 60\ndeviations = 0\n", data)
        V = self.potential()
        x, there = V["center"].ravel(), V["weight"] > 1e-2 * V["weight"].max()
        error = (V["value"] - x**2 / 4)[there]
        self.assertLess(np.abs(error - error.mean()).max(), 1e-3)
        head = LINE + '[[energy]]\nkind = "external"\nexpression = "x^2/4"\n[flux]\nkind = "scharfetter_gummel"\n'
        head += '[fit]\nunknowns = ["interaction"]\nrange = 4.0\nknots = 8\ndeviations = 0\n'
        self.fit(head + "prior = 1e-12\nsteps = 60\n", data, out="W")
        self.assertLess(np.abs(self.kernel_found("W") - self.W[:6] + self.W[0]).max(), 1e-2)
        short = head.replace("knots = 8", "knots = 3") + "prior = 1e-2\nsteps = 2\niterations = 1\n"
        few = quoted(["run0_0/final.h5", "run0_1/final.h5"]) + "times = [0.0, 0.3]\n"
        self.fit(short, few, out="one")
        self.fit(short, few, out="three", ranks=3)
        one = self.kernel_found("one")
        self.assertLess(np.abs(one - self.kernel_found("three")).max(), 1e-7 * np.abs(one).max())

    def kernel_found(self, out):
        with h5py.File(self.path(out, "W.h5")) as file:
            return file["value"][:6] - file["value"][0]


class Samples(FitTest):
    def make(self, count):
        """Ornstein-Uhlenbeck at kT = 1/2, exact in law: rows of a text file per time."""
        rng = np.random.default_rng(3)
        names, times = [], [0.0, 0.3, 0.6, 0.9, 1.2]
        for k, t in enumerate(times):
            mean, variance = 1.2 * np.exp(-t), 0.09 * np.exp(-2 * t) + 0.5 * (1 - np.exp(-2 * t))
            np.savetxt(self.path(f"s{k}.csv"), mean + np.sqrt(variance) * rng.normal(size=count))
            names.append(f"s{k}.csv")
        return quoted(names) + f"times = {times}\n"

    def test_slope_and_error_bars(self):
        self.fit(LINE + "[fit]\ndeviations = 16\n", self.make(4000) + 'outside = "drop"\nheldout_last = 1\n')
        V, fit = self.potential(), self.summary()
        x = V["center"].ravel()
        slope = np.gradient(V["value"], x)
        seen = V["weight"] > 0.1 * V["weight"].max()
        z = (slope - x)[seen] / V["gradient_deviation"].ravel()[seen]
        self.assertLess(np.sqrt(np.average((slope - x)[seen]**2, weights=V["weight"][seen])), 0.15)
        self.assertLess(np.abs(z).mean(), 2.5)
        self.assertLess(fit["heldout"]["kl"], 0.5 * fit["heldout"]["baseline_kl"])
        self.assertGreater(fit["p_value"], 1e-6)

    def test_rows_in_another_order_change_nothing(self):
        data = self.make(500) + 'outside = "drop"\n'
        head = LINE + "[fit]\ndeviations = 0\nprior = 0.1\n"
        self.fit(head, data)
        for k in range(5):
            rows = np.loadtxt(self.path(f"s{k}.csv"))
            np.savetxt(self.path(f"s{k}.csv"), rows[::-1])
        self.fit(head, data, out="turned")
        self.assertTrue((self.potential()["value"] == self.potential("turned")["value"]).all())


class Circulation(FitTest):
    """Particles on a ring, each seen once, from one place: V = 2 (|x| - 3/2)^2 + x/5, kT = .15, and a rotation or none,
    which carries them around more than once."""
    HEAD = """\
[mesh]
kind = "box"
lower = [-3.0, -3.0]
upper = [3.0, 3.0]
cells = [16, 16]
[[energy]]
kind = "entropy"
temperature = 0.15
[fit]
curl_test = true
deviations = 0
prior = 0.85  # what the evidence finds without the rotation
"""
    COARSE = HEAD.replace("[16, 16]", "[10, 10]")

    def samples(self, omega, count=1000, step=3.75e-3, last=8):
        rng = np.random.default_rng(9)
        times, names = [0.75 * k for k in range(last + 1)], []
        for k, t in enumerate(times):
            x = np.array([1.5, 0]) + 0.3 * rng.normal(size=(count, 2))
            for _ in range(round(t / step)):
                r = np.hypot(*x.T)[:, None]
                drift = omega * np.stack([-x[:, 1], x[:, 0]], 1) - 4 * (r - 1.5) * x / r - [0.2, 0]
                x += step * drift + np.sqrt(0.3 * step) * rng.normal(size=x.shape)
            np.savetxt(self.path(f"s{k}.csv"), np.clip(x, -2.999, 2.999))
            names.append(f"s{k}.csv")
        return quoted(names) + f"times = {times}\n"

    def test_a_rotation_is_no_gradient(self):
        said = self.fit(self.HEAD, self.samples(1.2))
        fit = self.summary()
        self.assertEqual(fit["gradient_flow"], "rejected")
        self.assertGreater(fit["curl"]["statistic"], 10 * fit["curl"]["degrees_of_freedom"])
        self.assertGreater(fit["deviance"], 10 * fit["deviance_expected"])
        self.assertIn("not those of a gradient flow", said)
        self.assertAlmostEqual(fit["curl"]["share"], 0.81, delta=0.03)  # of the drift in the flow that made them
        self.assertGreater(fit["curl"]["gain"], 0.8 * fit["misfit"])

    def test_a_gradient_flow_is_accepted(self):
        self.fit(self.HEAD, self.samples(0.0))
        fit = self.summary()
        self.assertEqual(fit["gradient_flow"], "accepted")
        self.assertGreater(fit["curl"]["p_value"], 1e-3)
        self.assertEqual(fit["curl"]["degrees_of_freedom"], 25)
        self.assertLess(abs(fit["deviance"] - fit["deviance_expected"]), 4 * fit["deviance_width"])
        self.assertLess(fit["curl"]["share"], 0.02)

    def test_a_prior_too_strong_is_told(self):
        said = self.fit(self.COARSE.replace("prior = 0.85", "prior = 300"), self.samples(0.0, count=400, last=3))
        self.assertIn("times what the evidence asks for", said)

    def test_a_population_at_rest_tells_nothing(self):
        rng = np.random.default_rng(2)
        for k in range(3):
            np.savetxt(self.path(f"s{k}.csv"), 0.5 * rng.normal(size=(400, 2)))
        said = self.fit(self.COARSE, quoted([f"s{k}.csv" for k in range(3)]) + "times = [0, 1, 2]\n")
        self.assertEqual(self.summary()["gradient_flow"], "undecided")
        self.assertIn("do not move", said)


class Forms(FitTest):
    """V by splines and as a network, and on triangles."""
    TIMES = (0.0, 0.1, 0.2, 0.3)
    QUADRATIC = "x^2/4 + x*y/8 + y^2/2 - y/4"  # a spline whatever the knots
    FLUX = '[flux]\nkind = "scharfetter_gummel"\n'

    def error(self, truth, out="out"):
        """The largest error of V where the population was, both less their mean there."""
        fields = self.potential(out)
        weight, there = fields["weight"], fields["weight"] > 1e-3 * fields["weight"].max()
        error = fields["value"] - truth(*fields["center"].T)
        return np.abs(error - np.average(error, weights=weight))[there].max()

    def again(self, tolerance=1e-10):
        self.otto("run", self.path("out", "fitted.toml"), "-o", self.path("again"))
        with h5py.File(self.path("out", "final.h5")) as a, h5py.File(self.path("again", "final.h5")) as b:
            self.assertLess(np.abs(a["cells/density"][:] - b["cells/density"][:]).max(), tolerance)

    def test_splines_find_a_spline(self):
        names = self.densities(truth(PLANE, self.QUADRATIC, self.TIMES, mean=0.5), self.TIMES)
        head = PLANE + self.FLUX + "[fit]\n" + 'external = "splines"\nexternal_knots = [5, 4]\nsteps = 8\n'
        self.fit(head + "prior = 1e-15\ndeviations = 4\n", quoted(names))
        self.assertLess(self.error(lambda x, y: x**2 / 4 + x * y / 8 + y**2 / 2 - y / 4), 1e-6)
        fit, V = self.summary(), self.potential()
        self.assertLess(fit["gradient_check"], 1e-8)
        self.assertAlmostEqual(fit["effective_parameters"], 8 * 7 - 1, delta=0.1)  # all but the constant
        self.assertEqual(V["gradient_deviation"].shape, (256, 2))
        self.assertTrue((V["determined"] >= 0).all() and V["determined"].max() > 0.9)
        self.again()

    def test_splines_with_the_temperature(self):
        times = self.TIMES[:3] + (0.4,)
        names = self.densities(truth(PLANE, self.QUADRATIC, times, mean=0.5), times)
        head = PLANE.replace("0.5", "0.6") + self.FLUX + "[fit]\n" + 'external = "splines"\nexternal_knots = [3, 3]\n'
        head += 'unknowns = ["external", "temperature"]\nsteps = 8\nprior = 1e-9\ndeviations = 2\n'
        self.fit(head, quoted(names))
        self.assertAlmostEqual(self.summary()["temperature"], 0.5, delta=1e-3)

    def test_splines_on_a_line_of_samples(self):
        rng = np.random.default_rng(3)
        for k, t in enumerate((0.0, 0.4, 0.8, 1.2)):
            mean, variance = 1.2 * np.exp(-t), 0.09 * np.exp(-2 * t) + 0.5 * (1 - np.exp(-2 * t))
            np.savetxt(self.path(f"s{k}.csv"), mean + np.sqrt(variance) * rng.normal(size=4000))
        data = quoted([f"s{k}.csv" for k in range(4)]) + 'times = [0.0, 0.4, 0.8, 1.2]\noutside = "drop"\n'
        self.fit(LINE + '[fit]\nexternal = "splines"\nexternal_knots = [12]\ndeviations = 16\n', data)
        V = self.potential()
        x = V["center"].ravel()
        order = np.argsort(x)
        slope, seen = np.gradient(V["value"][order], x[order]), V["weight"][order] > 0.1 * V["weight"].max()
        z = (slope - x[order])[seen] / V["gradient_deviation"].ravel()[order][seen]
        self.assertLess(np.sqrt(np.mean((slope - x[order])[seen]**2)), 0.2)
        self.assertLess(np.abs(z).mean(), 2.5)

    TRIANGLES = f"""\
[mesh]
kind = "gmsh"
file = "{os.path.join(ROOT, "meshes", "acute.msh")}"
refine = 1
[[energy]]
kind = "entropy"
temperature = 0.5
"""

    def on_triangles(self):
        times = (0.0, 0.02, 0.04, 0.06)
        case = truth(self.TRIANGLES, "8*((x-0.5)^2 + (x-0.4)*(y-0.6)) + 4*y^2", times)
        return quoted(self.densities(case.replace("mean = [1.0]", "mean = [0.3, 0.7]").replace("0.4\n[flux]", "0.04\n[flux]"), times))

    def test_triangles(self):
        data = self.on_triangles()
        self.fit(self.TRIANGLES + "[fit]\nsteps = 8\ndeviations = 4\nprior = 1e-15\n", data)
        self.assertLess(self.error(lambda x, y: 8 * ((x - .5)**2 + (x - .4) * (y - .6)) + 4 * y**2), 1e-6)
        fit = self.summary()
        self.assertEqual(fit["flux"], "scharfetter_gummel")
        self.assertLess(fit["gradient_check"], 1e-8)
        self.again()
        said = self.fit(self.TRIANGLES + '[flux]\nkind = "limited"\n', data, status=2)
        self.assertIn("flux.kind", said)
        head = self.TRIANGLES + '[fit]\nexternal = "splines"\nexternal_knots = [4, 4]\nsteps = 4\ndeviations = 0\n'
        self.fit(head + "prior = 1e-9\n", data, out="splines")
        self.assertLess(self.summary("splines")["misfit"], 1e-2 * self.summary("splines")["poisson_misfit"])

    def test_samples_on_triangles(self):
        """Of a Gaussian that drifts and widens in a round well: each falls into a triangle, whatever the ranks and their order."""
        k, kT, well = 22.0, 0.5, np.array([0.5, 0.5])
        rng, times = np.random.default_rng(4), (0.0, 0.02, 0.04, 0.06)
        names = []
        for i, t in enumerate(times):
            decay = np.exp(-k * t)
            mean, variance = well + decay * np.array([-0.15, 0.1]), kT / k + decay**2 * (0.01 - kT / k)
            names.append(self.path(f"s{i}.csv"))
            np.savetxt(names[-1], mean + np.sqrt(variance) * rng.normal(size=(3000, 2)))
        data = quoted(names) + f'times = {list(times)}\noutside = "drop"\n'
        head = self.TRIANGLES.replace("refine = 1", "refine = 0") + "[fit]\nsteps = 4\ndeviations = 0\nprior = 0.5\ntolerance = 1e-8\n"
        self.fit(head, data)
        V = self.potential()
        weight = V["weight"]
        truth = k / 2 * ((V["center"] - well)**2).sum(1)
        truth -= np.average(truth, weights=weight)
        error = np.average((V["value"] - truth)**2, weights=weight) / np.average(truth**2, weights=weight)
        self.assertLess(error, 0.1)  # of the variance of V, on triangles as wide as the population's deviation
        self.assertEqual(self.summary()["start"], "first")
        for name in names:
            np.savetxt(name, np.loadtxt(name)[::-1])
        self.fit(head, data, out="reversed")
        self.assertTrue((self.potential("reversed")["value"] == V["value"]).all())
        self.fit(head, data, out="three", ranks=3)
        other = self.potential("three")
        order = [np.lexsort(p["center"].T) for p in (V, other)]
        self.assertLess(np.abs(V["value"][order[0]] - other["value"][order[1]]).max(), 1e-6 * np.abs(V["value"]).max())

    def test_a_network_on_triangles(self):
        head = self.TRIANGLES + '[fit]\nexternal = "network"\nsteps = 4\ndeviations = 0\niterations = 10\nprior = 1e-8\n'
        self.fit(head + "[network]\nwidths = [8]\nfrequencies = 2\nfastest = 6.0\n", self.on_triangles())
        fit = self.summary()
        self.assertLess(fit["misfit"], 0.1 * fit["poisson_misfit"])
        self.assertLess(fit["gradient_check"], 1e-8)
        self.again()

    def test_a_network(self):
        names = self.densities(truth(LINE, WELL, (0.0, 0.2, 0.4, 0.6)), (0.0, 0.2, 0.4, 0.6))
        head = LINE + '[fit]\nexternal = "network"\nsteps = 4\ndeviations = 4\niterations = 15\n'
        head += "[network]\nwidths = [12, 12]\nfrequencies = 2\nfastest = 6.0\n"
        self.fit(head, quoted(names), settings=["checkpoint.every_steps=1", "checkpoint.keep=100"])
        fit = self.summary()
        self.assertLess(fit["gradient_check"], 1e-8)
        self.assertEqual(fit["network"]["parameters"], (1 + 4) * 12 + 12 + 12 * 12 + 12 + 12)
        self.assertLess(fit["misfit"], 0.01 * fit["poisson_misfit"])
        self.again()
        last = sorted(n for n in os.listdir(self.path("out", "checkpoints")) if n.startswith("ck-"))[-4]
        self.fit(head, quoted(names), out="resumed", more=["--resume", self.path("out", "checkpoints", os.path.splitext(last)[0])],
                 settings=["checkpoint.every_steps=1", "checkpoint.keep=100"])
        self.assertEqual(self.history(), self.history("resumed"))
        self.assertTrue((self.potential()["value"] == self.potential("resumed")["value"]).all())

    def test_a_network_finds_a_network_of_its_own_shape(self):
        network = "[network]\nwidths = [12, 12]\nfrequencies = 2\nfastest = 6.0\n"
        head = LINE + self.FLUX + '[fit]\nexternal = "network"\nsteps = 8\ndeviations = 0\n'
        times = (0.0, 0.2, 0.4, 0.6)
        self.fit(head + "iterations = 20\n" + network, quoted(self.densities(truth(LINE, WELL, times), times)), out="net")
        case = truth(LINE, WELL, times).replace(f'expression = "{WELL}"', 'network = "net/energy.safetensors"')
        self.fit(head + "iterations = 100\nprior = 1e-12\n" + network, quoted(self.densities(case, times)))
        V = self.potential("net")
        value = dict(zip(V["center"].ravel(), V["value"]))
        self.assertLess(self.error(lambda x: np.array([value[at] for at in x])), 1e-6)


class Resumed(FitTest):
    TIMES = (0.0, 0.1, 0.2, 0.3)

    def data(self):
        return quoted(self.densities(truth(PLANE, "(x^2-1)^2/2 + y^2", self.TIMES), self.TIMES))

    def same(self, a, b):
        self.assertEqual(self.history(a), self.history(b))
        for name, values in self.potential(a).items():
            self.assertTrue((values == self.potential(b)[name]).all(), name)

    def test_from_every_kind_of_step(self):
        data = self.data()
        head = PLANE + '[fit]\nunknowns = ["external", "temperature"]\ndeviations = 2\nsteps = 4\n'
        settings = ["checkpoint.every_steps=1", "checkpoint.keep=100"]
        self.fit(head, data, out="whole", settings=settings)
        rows = len(self.history("whole"))
        stems = sorted({os.path.splitext(n)[0] for n in os.listdir(self.path("whole", "checkpoints"))
                        if n.startswith("ck-")})
        self.assertGreaterEqual(len(stems), rows)
        for stem in (stems[0], stems[len(stems) // 2], stems[-1]):
            said = self.fit(head, data, out=stem, settings=settings,
                            more=["--resume", self.path("whole", "checkpoints", stem)])
            self.assertNotIn("missing", said)
            self.same(stem, "whole")
        with h5py.File(self.path("run1", "final.h5"), "a") as file:  # other data are another fit
            file["cells/density"][:] = file["cells/density"][:][::-1]
        said = self.fit(head, data, out="other", settings=settings, status=2,
                        more=["--resume", self.path("whole", "checkpoints", stems[0])])
        self.assertIn("data.snapshots", said)

    def test_stopped_by_a_signal(self):
        data = self.data()
        head = PLANE + "[fit]\nsteps = 60\ndeviations = 2\ntolerance = 1e-9\nprior = 1e-6\n"
        self.fit(head, data, out="whole")
        process = subprocess.Popen([OTTO, "fit", self.path("fit.toml"), "-o", self.path("cut")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.time() + 120 * PATIENCE
        while time.time() < deadline and process.poll() is None:
            if os.path.exists(self.path("cut", "history.csv")) and len(self.history("cut")) > 1:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60 * PATIENCE), 75)
        self.fit(head, data, out="cut", more=["--resume", "auto"])
        self.same("cut", "whole")


class BadInput(FitTest):
    def setUp(self):
        super().setUp()
        x = -3 + 0.125 * (np.arange(48) + 0.5)
        for k, scale in enumerate((1.0, 1.0, 1.1)):
            with h5py.File(self.path(f"d{k}.h5"), "w") as file:
                file["cells/center"] = x[:, None]
                file["cells/density"] = scale * np.exp(-x**2)
        np.savetxt(self.path("s.csv"), np.full(20, 9.0))
        np.savetxt(self.path("few.csv"), np.linspace(-1, 1, 20))

    def refused(self, data, words, fit="", head=LINE):
        said = self.fit(head + "[fit]\n" + fit, data, status=2)
        for word in ("fit.toml:", *words):
            self.assertIn(word, said)
        self.assertFalse(os.path.exists(self.path("out", "V.h5")))

    def test_data(self):
        two = quoted(["d0.h5", "d1.h5"])
        self.refused("", ["data.snapshots"])
        self.refused(quoted(["d0.h5"]) + "times = [0]\n", ["two snapshots"])
        self.refused(two, ["attribute 'time'"])
        self.refused(two + "times = [0]\n", ["data.times", "1 entries"])
        self.refused(two + "times = [1, 1]\n", ["must increase"])
        self.refused(two + "times = [0, 1]\nheldout_last = 1\n", ["held out"])
        self.refused(quoted(["d0.h5", "d2.h5"]) + "times = [0, 1]\n", ["the mass of"])
        self.refused(quoted(["d0.h5", "none.h5"]) + "times = [0, 1]\n", ["none.h5"])
        self.refused(quoted(["d0.h5", "few.csv"]) + "times = [0, 1]\n", ["one kind"])
        self.refused(quoted(["few.csv", "s.csv"]) + "times = [0, 1]\n", ["inside the box"])
        self.refused(two + 'times = [0, 1]\nlibrary = "moons"\n', ["otto train"])
        self.refused(two + "times = [0, 1]\n", ["48 cells", "mesh 50"], head=LINE.replace("[48]", "[50]"))

    def test_keys(self):
        two = quoted(["d0.h5", "d1.h5"]) + "times = [0, 1]\n"
        self.refused(two, ["unknowns", "'potential'"], fit='unknowns = ["potential"]\n')
        self.refused(two, ["fit.unknowns", "fit.range"], fit='unknowns = ["interaction"]\n')
        self.refused(two, ["fit.range"], fit="range = 1.0\n")
        self.refused(two, ["fit.range"], fit='unknowns = ["interaction"]\nrange = -1.0\n')
        self.refused(two, ["fit.knots"], fit='unknowns = ["interaction"]\nrange = 1.0\nknots = 1\n')
        self.refused(two, ["fit.scheme", "tr_bdf2"],
                     fit='unknowns = ["interaction"]\nrange = 1.0\nscheme = "implicit_euler"\n')
        self.refused(two, ["fit.unknowns", "at rest"], fit='unknowns = ["external", "interaction"]\nrange = 1.0\n')
        self.refused(two, ["equal size"], fit='unknowns = ["interaction"]\nrange = 1.0\n',
                     head=LINE.replace("cells =", "grading = [1.5]\ncells ="))
        self.refused(two + '[[data.series]]\nsnapshots = ["d0.h5"]\n', ["two snapshots"])
        self.refused(two + '[[data.series]]\ntimes = [0, 1]\n', ["snapshots"])
        self.refused(two, ["fit.curl_test", "two axes"], fit="curl_test = true\n")
        self.refused(two, ["fit.external"], fit='external = "polynomials"\n')
        splines = 'external = "splines"\n'
        self.refused(two, ["fit.external_knots", "2 entries"], fit=splines + "external_knots = [4, 4]\n")
        self.refused(two, ["fit.external_knots", "48 cells"], fit=splines + "external_knots = [60]\n")
        self.refused(two, ["fit.external_knots"], fit=splines + "external_knots = [1]\n")
        self.refused(two, ["fit.external_knots", "splines"], fit="external_knots = [4]\n")
        self.refused(two, ["fit.external", "unknowns"], fit=splines + 'unknowns = ["temperature"]\n')
        self.refused(two, ["parameters", "network.widths"], fit='external = "network"\n')
        self.refused(two, ["network", "fit.external"], fit="[network]\nwidths = [8]\n")
        gmsh = Forms.TRIANGLES
        self.refused(two, ["224", "d0.h5"], head=gmsh)
        np.savetxt(self.path("pairs.csv"), np.full((9, 2), 1.4))
        self.refused(quoted(["pairs.csv", "pairs.csv"]) + "times = [0, 1]\n", ["inside the mesh"], head=gmsh)
        self.refused(two, ["mesh.kind", "interaction"], fit='unknowns = ["interaction"]\nrange = 1.0\n', head=gmsh)
        self.refused(two, ["control_volumes", "medians"],
                     head=gmsh.replace("refine = 1", 'control_volumes = "medians"'))
        self.refused(two, ["fit.prior"], fit='prior = "strong"\n')
        self.refused(two, ["fit.prior"], fit="prior = -1.0\n")
        self.refused(two, ["fit.background"], fit="background = 1.0\n")
        self.refused(two, ["fit.steps"], fit="steps = 4\n", head=LINE + "[time]\nstep = 1.0\nend = 2.0\n")
        self.refused(two, ["fit.unknowns", "third snapshot"], fit='unknowns = ["external", "temperature"]\n')
        self.refused(two, ["flux.kind"], head=LINE + '[flux]\nkind = "fourth_order"\n')
        self.refused(two, ["not available yet"], head=LINE + '[boundary]\nabsorbing = ["x_min"]\n')
        self.refused(two, ["entropy"], head=LINE.replace('kind = "entropy"\ntemperature = 0.5',
                                                         'kind = "external"\nexpression = "x"'))


if __name__ == "__main__":
    unittest.main()
