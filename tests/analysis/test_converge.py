"""otto converge and [accuracy] as a user meets them: files, orders, and honesty where they fail."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from answers import otto  # noqa: E402

OTTO = os.environ["OTTO"]
EXACT = os.path.join(ROOT, "cases", "exponential_drift", "case.toml")
WELL = os.path.join(ROOT, "cases", "double_well", "case.toml")
START = ["mesh.cells=[16]", "time.step=0.03125"]


CASE_FILES = tempfile.TemporaryDirectory()


def written(name, text):
    path = os.path.join(CASE_FILES.name, name + ".toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


RELAXATION = written("relaxation", """
[mesh]
lower = [-6.0]
upper = [6.0]
cells = [100]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "0.5*x^2"
[initial]
kind = "gaussian"
mean = [1.0]
variance = 0.5
[time]
scheme = "implicit_euler"
step = 1e-3
end = 1.0
""")
TAILS = written("tails", """
[mesh]
lower = [-6.0]
upper = [6.0]
cells = [32]
[[energy]]
kind = "entropy"
temperature = 0.05
[[energy]]
kind = "external"
expression = "x^2"
[initial]
kind = "gaussian"
mean = [1.0]
variance = 0.1
[time]
scheme = "tr_bdf2"
step = 0.05
end = 0.5
""")


def converge(folder, case, *words, settings=(), ranks=1):
    command = ["converge", case, "-o", folder, *words]
    for setting in settings:
        command += ["--set", setting]
    done = otto(command, ranks=ranks)
    rows = []
    path = os.path.join(folder, "convergence.csv")
    if os.path.exists(path):
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    return done, rows


def column(rows, name):
    return [float(row[name]) if row[name] else None for row in rows]


class Converge(unittest.TestCase):
    def setUp(self):
        self.room = tempfile.TemporaryDirectory()
        self.folder = self.room.name
        self.addCleanup(self.room.cleanup)

    def test_files_and_orders_against_the_exact_density(self):
        done, rows = converge(self.folder, EXACT, "--levels", "4", settings=START)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(rows[0])[:10], "level,cells,h,dt,l1,l2,linf,order_l1,order_l2,order_linf".split(","))
        self.assertEqual(column(rows, "level"), [1, 2, 3, 4])
        self.assertEqual(column(rows, "cells"), [16, 32, 64, 128])
        np.testing.assert_allclose(column(rows, "h"), [1 / 16, 1 / 32, 1 / 64, 1 / 128])
        np.testing.assert_allclose(column(rows, "dt"), [0.5 / n for n in (16, 32, 64, 128)])
        # an independent program, three digits
        np.testing.assert_allclose(column(rows, "l1"), [4.52e-4, 1.06e-4, 2.55e-5, 6.26e-6], rtol=6e-3)
        for name in ("l1", "l2", "linf"):
            errors, orders = column(rows, name), column(rows, f"order_{name}")
            self.assertIsNone(orders[0])
            np.testing.assert_allclose(orders[1:], np.log2(np.array(errors[:-1]) / errors[1:]), atol=1e-5)
        for name in ("convergence.md", "convergence.tex", "convergence.svg", "summary.json", "log.txt",
                     "level_4/summary.json", "level_1/final.h5"):
            self.assertTrue(os.path.getsize(os.path.join(self.folder, name)) > 0, name)
        with open(os.path.join(self.folder, "level_3", "summary.json"), encoding="utf-8") as file:
            self.assertAlmostEqual(json.load(file)["error"]["l1"], column(rows, "l1")[2], delta=1e-16)
        plot = subprocess.run([os.path.join(ROOT, "postprocess", "convergence"), self.folder],
                              capture_output=True, text=True, check=False)
        self.assertEqual(plot.returncode, 0, plot.stderr)
        self.assertGreater(os.path.getsize(os.path.join(self.folder, "convergence.png")), 5000)

    def test_norms_by_their_definitions(self):
        settings = ["mesh.cells=[32]", "time.step=0.015625"]
        done, rows = converge(self.folder, EXACT, "--levels", "3", "--norms", "kl,reverse_kl,w2,energy",
                              settings=settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.folder, "level_2", "summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        with h5py.File(os.path.join(self.folder, "level_2", "final.h5")) as file:
            rho, x, t = file["cells/density"][()], file["cells/center"][:, 0], file.attrs["time"]
        h = 1 / 64
        # the exponential-drift solution, its averages by a fine midpoint rule
        y = (x[:, None] + h * ((np.arange(64) + 0.5) / 64 - 0.5)[None, :])
        a = np.pi**2 + 0.25
        exact = (np.exp(-a * t + 0.5 * y) * (np.pi * np.cos(np.pi * y) + 0.5 * np.sin(np.pi * y))
                 + np.pi * np.exp(y - 0.5)).mean(axis=1)
        kl = h * np.sum(exact * np.log(exact / rho) - exact + rho)
        self.assertAlmostEqual(column(rows, "kl")[1] / kl, 1, delta=1e-3)
        self.assertEqual(column(rows, "kl")[1], summary["error"]["kl"])
        self.assertEqual(column(rows, "reverse_kl")[1], summary["error"]["reverse_kl"])
        # in 1-D the distance is that of the quantiles: int (F - G)^2 / rho dx to first order
        exact *= rho.sum() / exact.sum()
        moved = h * np.cumsum(rho - exact)[:-1]
        mean = 0.5 * (rho + exact)
        w2 = np.sqrt(h * np.sum(moved**2 / (0.5 * (mean[1:] + mean[:-1]))))
        self.assertAlmostEqual(column(rows, "w2")[1] / w2, 1, delta=1e-3)
        for name, order in (("kl", 4), ("reverse_kl", 4), ("w2", 2), ("energy", 2)):
            self.assertAlmostEqual(column(rows, "order_" + name)[-1], order, delta=0.15)

    def test_space_and_time_alone(self):
        done, rows = converge(self.folder, EXACT, "--levels", "3", "--refine", "space",
                              settings=["mesh.cells=[8]", "time.step=0.001"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(set(column(rows, "dt"))), 1)
        self.assertAlmostEqual(column(rows, "order_l1")[-1], 2, delta=0.1)
        done, rows = converge(self.folder, EXACT, "--levels", "3", "--refine", "time",
                              settings=["mesh.cells=[1024]", "time.step=0.025", "time.scheme=implicit_euler"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(column(rows, "cells")), {1024})
        self.assertAlmostEqual(column(rows, "order_l1")[-1], 1, delta=0.1)

    def test_time_alone_on_a_mesh_from_a_file(self):
        """Neighbouring levels are compared on the same cells, however many ranks hold them."""
        mesh = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../meshes/field/square.msh")
        text = f"""
[mesh]
kind = "gmsh"
file = "{mesh}"
[[energy]]
kind = "entropy"
temperature = 1.0
[initial]
kind = "expression"
expression = "1 + 0.5*cos(pi*x)"
[time]
scheme = "implicit_euler"
step = 0.02
end = 0.08
[solver]
rtol = 1e-12
"""
        tables = []
        for ranks in (1, 3):
            with tempfile.TemporaryDirectory() as folder:
                case = os.path.join(folder, "case.toml")
                with open(case, "w", encoding="utf-8") as file:
                    file.write(text)
                launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
                done = subprocess.run([*launch, OTTO, "converge", case, "-o", os.path.join(folder, "out"), "--levels", "4",
                                       "--refine", "time"], capture_output=True, text=True, timeout=300, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                with open(os.path.join(folder, "out", "convergence.csv"), encoding="utf-8") as file:
                    tables.append(list(csv.DictReader(file)))
        tables = [[row for row in rows if row["order_l1"]] for rows in tables]  # the last level is the reference
        for one, three in zip(*tables, strict=True):
            self.assertAlmostEqual(float(one["order_l1"]), 1, delta=0.1)
            self.assertAlmostEqual(float(three["l1"]) / float(one["l1"]), 1, delta=1e-6)

    def test_step_with_the_square_of_the_cells(self):
        done, rows = converge(self.folder, EXACT, "--levels", "3", "--ratio", "tau=h^2",
                              settings=[*START, "time.scheme=implicit_euler"])
        self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_allclose(column(rows, "dt"), [1 / 32, 1 / 128, 1 / 512])
        self.assertAlmostEqual(column(rows, "order_l1")[-1], 2, delta=0.1)

    def test_three_grid_orders_on_any_number_of_ranks(self):
        words, settings = ("--levels", "4"), ["mesh.cells=[16, 16]", "time.step=0.05", "solver.rtol=1e-12"]
        done, one = converge(self.folder, WELL, *words, settings=settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("three-grid", done.stdout)
        self.assertIsNone(column(one, "l1")[-1])
        finals = []
        for level in (1, 2):
            with h5py.File(os.path.join(self.folder, f"level_{level}", "final.h5")) as file:
                finals.append(file["cells/density"][()].reshape(16 * level, 16 * level))
        restricted = finals[1].reshape(16, 2, 16, 2).mean(axis=(1, 3))
        self.assertAlmostEqual(np.abs(finals[0] - restricted).sum() * 0.25**2, column(one, "l1")[0], delta=1e-12)
        done, three = converge(self.folder, WELL, *words, settings=settings, ranks=3)
        self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_allclose(column(three, "l1")[:3], column(one, "l1")[:3], rtol=1e-7)

    def test_iterative_tolerance_is_noticed(self):
        done, rows = converge(self.folder, EXACT, "--levels", "6", "--refine", "space",
                              settings=["mesh.cells=[64]", "time.step=0.002", "solver.rtol=1e-4"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(len(rows), 6)
        self.assertIn("iterative tolerance dominates", done.stdout)

    def test_short_steps_keep_their_order_with_the_tolerance_of_every_day(self):
        """Up to 16 000 steps; each changes less than solver.rtol of the density."""
        done, rows = converge(self.folder, RELAXATION, "--levels", "5", "--refine", "time")
        self.assertEqual(done.returncode, 0, done.stderr)
        for order in column(rows, "order_l1")[1:-1]:
            self.assertAlmostEqual(order, 1, delta=0.01)
        done, precise = converge(self.folder, RELAXATION, "--levels", "2", "--refine", "time", settings=[
            "time.step=6.25e-5", "solver.rtol=1e-12"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertAlmostEqual(column(rows, "l1")[-2] / (2 * column(precise, "l1")[0]), 1, delta=0.01)

    def test_tolerance_that_dominates_the_last_level_is_noticed(self):
        # Orders above the claimed one, below it, and with some linear algebra the claimed one by chance.
        for rtol in ("1e-4", "1e-5", "4e-6", "1e-6"):
            done, _ = converge(self.folder, RELAXATION, "--levels", "3", "--refine", "time", settings=[
                "time.scheme=tr_bdf2", "time.step=0.005", f"solver.rtol={rtol}"])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("No order here", done.stdout)
            self.assertIn("iterative tolerance dominates", done.stdout)
            self.assertNotIn("By extrapolation", done.stdout)
            self.assertNotIn("not kept here", done.stdout)

    def test_w2_is_the_wasserstein_distance_whatever_the_tails(self):
        """Two densities whose tails differ by powers of ten; against the quantiles' formula."""
        done, rows = converge(self.folder, TAILS, "--levels", "3", "--norms", "w2")
        self.assertEqual(done.returncode, 0, done.stderr)
        densities = []
        for level in (1, 2, 3):
            with h5py.File(os.path.join(self.folder, f"level_{level}", "final.h5")) as file:
                order = np.argsort(file["cells/center"][:, 0])
                densities.append(file["cells/density"][()][order])
        t = (np.arange(1000000) + 0.5) / 1e6
        for level in (0, 1):
            coarse, fine = densities[level], densities[level + 1].reshape(-1, 2).mean(axis=1)
            edges = np.linspace(-6, 6, len(coarse) + 1)
            x, y = (np.interp(t, np.append(0, np.cumsum(rho) / rho.sum()), edges) for rho in (coarse, fine))
            exact = np.sqrt(np.mean((x - y)**2))
            self.assertAlmostEqual(column(rows, "w2")[level] / exact, 1, delta=1e-3)
            self.assertLess(exact, 0.2)
        done, three = converge(self.folder, TAILS, "--levels", "3", "--norms", "w2", ranks=3)
        np.testing.assert_allclose(column(three, "w2")[:2], column(rows, "w2")[:2], rtol=1e-6)

    def test_without_a_w2_the_reason_is_told(self):
        done, rows = converge(self.folder, TAILS, "--levels", "2", "--norms", "w2",
                              settings=["mesh.periodic=[true]", "energy[2].expression=cos(pi*x/3)"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(np.isnan(column(rows, "w2")[0]))
        self.assertIn("no w2: it needs walls", done.stdout)

    def test_no_w2_between_different_masses(self):
        done, rows = converge(self.folder, RELAXATION, "--levels", "2", "--norms", "w2", "--refine", "time",
                              settings=['boundary.absorbing=["x_max"]', "initial.mean=[5.5]", "time.step=0.1",
                                        "time.end=0.2"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(np.isnan(column(rows, "w2")[0]))
        self.assertIn("no w2: the densities have different masses", done.stdout)

    def test_w2_in_the_plane_is_within_the_diameter_or_nothing(self):
        done, rows = converge(self.folder, TAILS, "--levels", "3", "--norms", "w2", settings=[
            "mesh.lower=[-3.0, -3.0]", "mesh.upper=[3.0, 3.0]", "mesh.cells=[16, 16]",
            "energy[2].expression=x^2+y^2+0.3*x*y", "initial.mean=[1.0, 0.5]"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(done.stdout.index("w2: beyond one dimension"), done.stdout.index("level"))
        for level in (0, 1):
            value = column(rows, "w2")[level]
            if np.isnan(value):
                self.assertIn(f"Level {level + 1}: no w2: all that is known is", done.stdout)
            else:
                self.assertTrue(0 < value < 0.5, value)

    def test_wrong_exact_density_keeps_no_order(self):
        done, _ = converge(self.folder, EXACT, "--levels", "3", settings=["mesh.cells=[16]", "exact.density=2+x"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is [exact] the solution of this case?", done.stdout)

    def test_errors_that_cancel_are_not_blamed_on_the_exact_density(self):
        """Upwind weights and steps of first order err with opposite signs in this case."""
        case = os.path.join(ROOT, "cases", "manufactured_pressure", "case.toml")
        settings = ["mesh.cells=[16, 16]", "time.step=0.04", "time.weights=upwind"]
        done, rows = converge(self.folder, case, "--levels", "4", settings=settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        orders = column(rows, "order_l1")
        self.assertGreater(orders[2], 1.4)  # claimed: 1
        self.assertLess(orders[3], 0.3)
        self.assertIn("opposite signs may have cancelled", done.stdout)
        self.assertNotIn("is [exact] the solution", done.stdout)
        done, _ = converge(self.folder, case, "--levels", "3", settings=settings)
        self.assertIn("above it", done.stdout)

    def test_one_level(self):
        done, rows = converge(self.folder, EXACT, "--levels", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([r["order_l1"] for r in rows], [""])
        done, _ = converge(os.path.join(self.folder, "none"), WELL, "--levels", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("[exact]", done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "none")))

    def test_failing_level_leaves_the_others(self):
        for ranks in (1, 3):
            done, rows = self.fail_in_level_two(ranks)
            self.assertEqual(done.returncode, 2, done.stderr)  # an energy that is not finite
            self.assertEqual(done.stderr.count("otto: "), 1)
            self.assertIn("Level 2 failed", done.stdout)
            self.assertEqual(len(rows), 2)
            self.assertIsNotNone(column(rows, "l1")[0])
            self.assertIsNone(column(rows, "l1")[1])
            with open(os.path.join(self.folder, "summary.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["status"], "failed")

    def fail_in_level_two(self, ranks):
        """A pole beside the centres of 4 cells is met by a centre of 8."""
        return converge(self.folder, EXACT, "--levels", "4", settings=[
            "mesh.cells=[4]", "energy[2].expression=-x+1e-9*1/abs(x-0.0625)", "time.step=0.0625"], ranks=ranks)

    def test_bad_words(self):
        bad = [(["--levels", "0"], [], "--levels 0"), (["--levels", "two"], [], "two"),
               (["--refine", "tim"], [], "'time'"), (["--ratio", "tau=h^3"], [], "tau=h^2"),
               (["--ratio", "tau=h", "--refine", "time"], [], "--refine both"),
               (["--target", "-1"], [], "--target"), (["--norms", "l3"], [], "l3"),
               (["--refine", "time"], ["time.adaptive=true"], "adaptive"), (["--levls", "3"], [], "--levels")]
        for words, settings, said in bad:
            done, _ = converge(self.folder, EXACT, *words, settings=settings)
            self.assertEqual(done.returncode, 2, f"{words}: {done.stdout}{done.stderr}")
            self.assertIn(said, done.stderr)


class Accuracy(unittest.TestCase):
    """The estimate against the true error, over the exact cases and a few of their variants."""

    def run_case(self, case, settings):
        with tempfile.TemporaryDirectory() as folder:
            command = [OTTO, "run", os.path.join(ROOT, "cases", case, "case.toml"), "-o", folder]
            for setting in ["accuracy.estimate=true", "output.format=none", *settings]:
                command += ["--set", setting]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False,
                                  stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
                return json.load(file)["error"]

    def test_estimates_are_within_a_factor_of_three(self):
        variants = [[], ["time.scheme=implicit_euler"], ["time.scheme=midpoint", "time.start=0.0"],
                    ["flux.kind=square_root"], ["flux.kind=upwind"], ["flux.kind=centred"]]
        cases = ["exponential_drift", "heat_box", "ornstein_uhlenbeck_1d", "ornstein_uhlenbeck_2d",
                 "rotating_drift"]
        nonlinear = [[], ["time.scheme=implicit_euler"], ["time.scheme=jko"], ["time.scheme=jko_midpoint"]]
        ratios = {}
        for case in [*cases, "springs", "manufactured_pressure", "barenblatt"]:
            for variant in variants if case in cases else nonlinear:
                e = self.run_case(case, variant)
                ratios[case, *variant] = e["estimate"] / e["l1"]
        outside = {k: r for k, r in ratios.items() if not 1 / 3 <= r <= 3}
        self.assertLessEqual(len(outside), 0.1 * len(ratios), outside)

    def test_odd_cells_steps_and_schemes_that_choose_their_steps(self):
        for settings in (["mesh.cells=[33]"], ["time.step=0.05"], ["time.scheme=exponential", "time.tolerance=1e-9"],
                         ["time.adaptive=true", "time.tolerance=1e-5"]):
            e = self.run_case("exponential_drift", settings)
            self.assertLessEqual(e["estimate"], 3 * e["l1"], settings)
            self.assertGreaterEqual(e["estimate"], e["l1"] / 3, settings)

    def test_graded_cells_are_refused(self):
        done = subprocess.run([OTTO, "check", EXACT, "--set", "accuracy.estimate=true", "--set", "mesh.grading=[2.0]"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("accuracy.estimate", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
