#!/usr/bin/python3
"""Proximal steps from starts that are empty in places, in cold valleys and deep wells: in the steps asked, as near to the
heat flow as implicit Euler's, and the same on every number of ranks."""
import csv
import json
import os
import re
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from answers import otto  # noqa: E402

PROXIMAL = ("jko", "jko_bdf2", "jko_midpoint")

LINE = """[mesh]
kind = "box"
lower = [0.0]
upper = [1.0]
cells = [48]
[[energy]]
kind = "entropy"
temperature = 1.0
[initial]
kind = "expression"
expression = "(x < 0.25) ? 4 : 0"
[time]
scheme = "{scheme}"
step = {step}
end = 0.05
[output]
format = "none"
"""
COLD_WELL = """[mesh]
kind = "box"
lower = [-1.0]
upper = [1.0]
cells = [20]
[[energy]]
kind = "entropy"
temperature = 0.05
[[energy]]
kind = "external"
expression = "40*x^2"
[initial]
kind = "uniform"
[time]
scheme = "jko"
step = 0.3
end = 12.0
[output]
format = "none"
"""
PLANE = """[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [{n}, {n}]
[[energy]]
kind = "entropy"
temperature = {kT}
[[energy]]
kind = "external"
expression = "{V}"
[initial]
kind = "expression"
expression = "{start}"
[time]
scheme = "{scheme}"
step = {step}
end = {end}
[output]
format = "none"
"""
CHAMBERS = """[mesh]
kind = "gmsh"
file = "{root}/meshes/two_chambers.msh"
[[energy]]
kind = "entropy"
temperature = 1.0
[initial]
kind = "uniform"
region = "left"
[time]
scheme = "{scheme}"
step = 0.01
end = 0.1
[output]
format = "none"
"""
STEEP = """[mesh]
kind = "gmsh"
file = "{root}/meshes/{mesh}.msh"
[[energy]]
kind = "entropy"
temperature = 0.094
[[energy]]
kind = "external"
expression = "{V}"
[initial]
kind = "uniform"
[time]
scheme = "jko"
step = 0.0106
end = 0.053
[output]
format = "none"
"""
DISC = "((x - 0.3)^2 + (y + 0.2)^2 < 0.25) ? 1 : 0"
CELL = "((x - 0.71)^2 + (y - 0.09)^2 < 0.008) ? 1 : 0"
RING = "(abs(sqrt(x^2 + y^2) - 0.7) < 0.09) ? 1 : 0"
VALLEY = "0.5*((0.8*x - 0.6*y)^2 + 17*(0.6*x + 0.8*y)^2)"
WELL = "0.9*((0.8*x - 0.6*y)^2 - 1)^2 + 6.6*(0.6*x + 0.8*y)^2"


def scheme_of(text):
    return re.search('scheme = "(.*)"', text).group(1)


class Result:
    def __init__(self, text, ranks=1):
        with tempfile.TemporaryDirectory() as folder:
            case, out = os.path.join(folder, "case.toml"), os.path.join(folder, "out")
            with open(case, "w", encoding="utf-8") as file:
                file.write(text)
            done = otto(["run", case, "-o", out], ranks=ranks)
            self.status, self.said = done.returncode, done.stdout + done.stderr
            if self.status != 0:
                return
            with open(os.path.join(out, "history.csv"), newline="", encoding="utf-8") as file:
                self.rows = list(csv.DictReader(file))[1:]
            with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
                self.summary = json.load(file)
            with h5py.File(os.path.join(out, "final.h5")) as file:
                self.center, volume = file["cells/center"][()], file["cells/volume"][()]
                order = np.lexsort(np.round(self.center.T, 9))
                self.center = self.center[order]
                self.mass = (file["cells/density"][()] * volume)[order]

    def l1(self, other):
        return np.abs(self.mass - other.mass).sum()


class Proximal(unittest.TestCase):
    def run_case(self, text, steps, ranks=1):
        """A run that ends, in the steps asked, none refused."""
        result = Result(text, ranks)
        self.assertEqual(result.status, 0, result.said)
        self.assertEqual(result.summary["time"]["rejected"], 0)
        self.assertEqual(len(result.rows), steps)
        self.assertEqual({row["refused"] for row in result.rows}, {"0"})
        self.assertAlmostEqual(result.mass.sum(), 1.0, delta=1e-12)
        self.assertGreaterEqual(result.mass.min(), 0.0)
        told = "max_optimality" in result.summary["solver"]
        self.assertEqual((told, "largest optimality" in result.said), (scheme_of(text) in PROXIMAL,) * 2)
        if told:
            self.assertLessEqual(result.summary["solver"]["max_optimality"], 1e-8)
        return result

    def test_line_that_is_empty_in_places(self):
        fine = Result(LINE.format(scheme="tr_bdf2", step=0.05 / 2000))
        euler = self.run_case(LINE.format(scheme="implicit_euler", step=0.01), 5)
        allowed = 1.2 * euler.l1(fine)
        for scheme in PROXIMAL:
            with self.subTest(scheme=scheme):
                self.assertLessEqual(self.run_case(LINE.format(scheme=scheme, step=0.01), 5).l1(fine), allowed)

    def test_energies_that_rise_by_many_kt_from_cell_to_cell(self):
        """Steps that carry mass over a dozen cells, on triangles: 60 kT a cell, and 40 against obstacles."""
        for mesh, V, ranks in (("disc", "100*x", 1), ("disc", "100*x", 3), ("annulus", "100*x", 1),
                               ("channel", "0.35*(x^2 - 1)^2", 1)):
            with self.subTest(mesh=mesh, ranks=ranks):
                self.run_case(STEEP.format(root=ROOT, mesh=mesh, V=V), 5, ranks)

    def test_second_order_from_an_empty_start(self):
        """To the heat flow, on a line whose cells are narrow beside the steps: the grid's own error is a tenth of the
        last one. The errors of 5 and 10 steps."""
        line = LINE.replace("cells = [48]", "cells = [192]")
        fine = Result(line.format(scheme="tr_bdf2", step=0.05 / 2000))
        for scheme in ("jko_bdf2", "jko_midpoint"):
            with self.subTest(scheme=scheme):
                errors = [self.run_case(line.format(scheme=scheme, step=0.05 / n), n).l1(fine) for n in (5, 10)]
                self.assertGreaterEqual(np.log2(errors[0] / errors[1]), 1.8)
                self.assertLessEqual(errors[1], 1e-3)

    def test_tails_fill_again(self):
        """Densities far below the tolerance decide where mass gets in the next steps; a tail that a step leaves empty
        would keep it out."""
        line = LINE.replace("cells = [48]", "cells = [400]")
        fine = Result(line.format(scheme="tr_bdf2", step=0.05 / 2000))
        for scheme in PROXIMAL[1:]:
            with self.subTest(scheme=scheme):
                result = self.run_case(line.format(scheme=scheme, step=0.01), 5)
                self.assertLessEqual(result.l1(fine), 0.015)

    def test_midpoint_keeps_tails(self):
        """phi of a tail weighs nothing and may be anything; a midpoint step by it would empty cells for good."""
        text = PLANE.format(n=64, start="exp(-10*((x + 1)^2 + y^2))", V="2*(x^2 - 1)^2 + 2*y^2", kT=1.0,
                            scheme="jko_midpoint", step=0.02, end=0.2)
        self.assertGreater(self.run_case(text, 10).mass.min(), 1e-30)

    def test_search_beside_tails(self):
        """Newton's method may take the density of the new phi, which overflows where phi of a tail is far off: it was taken
        all the same, and every search failed (75 iterations here)."""
        text = PLANE.format(n=128, start="(-0.6935*x + 0.7205*y < 0.0734) ? 1 : 0", kT=0.0727,
                            V="0.5*((0.5690*x + 0.8223*y)^2 + 19.9*(-0.8223*x + 0.5690*y)^2)",
                            scheme="jko_bdf2", step=0.0636, end=0.1272)
        self.assertLessEqual(int(self.run_case(text, 2).rows[-1]["newton_iterations"]), 30)

    def test_rest_in_a_cold_well(self):
        """Near rest F may grow by what is left of a step's equations, which is no reason to refuse it."""
        self.run_case(COLD_WELL, 40)

    def test_inner_steps_of_steep_densities(self):
        """Densities between two steps that jump from cell to cell (kT = 0.05 in a bent valley), and tails of nothing: no
        refusal, and within the error of one inner step of that with one; which weights were taken is told."""
        text = PLANE.format(n=32, start="exp(-((x + 0.104)^2 + (y - 0.555)^2)/0.1295)", kT=0.0503, scheme="jko", step=0.102,
                            V="0.5*(-0.2752*x + 0.9614*y)^2 + 2.46*((-0.9614*x - 0.2752*y) - 0.589*((-0.2752*x + 0.9614*y)^2"
                              " - 1))^2", end=0.51)
        euler = Result(text.replace('"jko"', '"implicit_euler"'))
        for kappa in ("1.0", "0.5"):
            one = self.run_case(text.replace('"jko"', f'"jko"\nkappa = {kappa}'), 5)
            two = self.run_case(text.replace('"jko"', f'"jko"\ninner_steps = 2\nkappa = {kappa}'), 5)
            self.assertLess(two.l1(one), one.l1(euler))
            self.assertIn("other formula", two.said.replace("another", "other"))

    def test_chamber(self):
        for scheme in PROXIMAL:
            with self.subTest(scheme=scheme):
                result = self.run_case(CHAMBERS.format(scheme=scheme, root=ROOT), 10)
                right = result.mass[result.center[:, 0] > np.median(result.center[:, 0])]
                self.assertGreater(right.sum(), 1e-4)  # it moves
                self.assertLess(float(result.rows[-1]["free_energy"]), float(result.rows[0]["free_energy"]))

    def test_door(self):
        """Two triangles wide: what is pushed through it crosses more cells in a step than the geodesic sees. Second order
        is lost there, but not what the straight line gives: less than the error of jko."""
        text = CHAMBERS.replace("{root}", ROOT)
        fine = Result(text.format(scheme="tr_bdf2").replace("step = 0.01", "step = 0.0005"))
        allowed = self.run_case(text.format(scheme="jko"), 10).l1(fine)
        for scheme in PROXIMAL[1:]:
            with self.subTest(scheme=scheme):
                result = self.run_case(text.format(scheme=scheme), 10)
                self.assertLess(result.l1(fine), 0.9 * allowed)
                self.assertEqual({row["fallback"] for row in result.rows}, {"3"})  # and it says so

    def test_mass_that_moves_on(self):
        """Blobs that leave their place in one step, down a valley or a well: the straight line through the last two densities lies
        behind them, and steps from there lag. No further from the heat flow than implicit Euler in as many steps."""
        blobs = ("max(0, 0.0881 - ((x + 0.994)^2+(y - 1.09)^2)) + max(0, 0.129 - ((x - 1.06)^2+(y - 0.784)^2))"
                 " + max(0, 0.111 - ((x + 0.115)^2+(y - 1.16)^2))")
        valley = PLANE.format(n=32, start=blobs, V="0.5*((0.7577*x + 0.6526*y)^2 + 12.8*(-0.6526*x + 0.7577*y)^2)", kT=0.2146,
                              scheme="SCHEME", step="STEP", end=3 * 0.0954)
        well = LINE.replace("cells = [48]", "cells = [64]").replace("temperature = 1.0", "temperature = 0.01")
        well = well.replace("[initial]", '[[energy]]\nkind = "external"\nexpression = "8*(x-0.7)^2"\n[initial]')
        well = well.replace("(x < 0.25) ? 4 : 0", "max(0, 1 - ((x-0.2)/0.04)^2)").replace("end = 0.05", "end = 0.3")
        well = well.format(scheme="SCHEME", step="STEP")
        for name, text, step, steps in (("valley", valley, 0.0954, 3), ("well", well, 0.05, 6)):
            def case(scheme, length, text=text):
                return text.replace("SCHEME", scheme).replace("STEP", repr(length))
            fine = Result(case("tr_bdf2", step / 20))
            allowed = self.run_case(case("implicit_euler", step), steps).l1(fine)
            for scheme in PROXIMAL[1:]:
                with self.subTest(name=name, scheme=scheme):
                    self.assertLess(self.run_case(case(scheme, step), steps).l1(fine), 0.9 * allowed)

    def test_door_in_short_steps(self):
        """The midpoint rule alone sends a tenth of the mass astray there: what it misses of its own guess is most of what
        moves."""
        text = CHAMBERS.replace("{root}", ROOT).replace("end = 0.1", "end = 0.2")
        fine = Result(text.format(scheme="tr_bdf2").replace("step = 0.01", "step = 0.0005"))
        result = self.run_case(text.format(scheme="jko_midpoint").replace("step = 0.01", "step = 0.005"), 40)
        self.assertLess(result.l1(fine), 5e-3)

    def test_planes(self):
        """(start, V, kT, tau, steps)."""
        for start, V, kT, tau in ((DISC, "0*x", 1.0, 0.01), (CELL, VALLEY, 0.104, 0.1), (RING, WELL, 0.7, 0.02),
                                  ("1", VALLEY, 0.05, 0.05)):  # 900 kT: no double holds exp(-V/kT)
            for scheme in PROXIMAL:
                with self.subTest(start=start, V=V, scheme=scheme):
                    text = PLANE.format(n=32, start=start, V=V, kT=kT, scheme=scheme, step=tau, end=4 * tau)
                    result = self.run_case(text, 4)
                    energy = [float(row["free_energy"]) for row in result.rows]
                    self.assertTrue(all(b <= a + 1e-9 for a, b in zip(energy, energy[1:])))

    def test_obstacles_cost_nothing(self):
        """A disc where V is 1e2 to 1e8 kT, empty at first and not: as many iterations as without it, and all but nothing
        in it."""
        for start in ("(x < -0.5) ? 1 : 0", "1"):
            for height in ("1e2", "1e5", "1e8"):
                with self.subTest(start=start, height=height):
                    V = f"-x + ((x - 0.4)^2 + y^2 < 0.6 ? {height} : 0)"
                    result = self.run_case(PLANE.format(n=24, start=start, V=V, kT=1.0, scheme="jko", step=0.03, end=0.12), 4)
                    self.assertLessEqual(max(int(row["newton_iterations"]) for row in result.rows), 7)
                    self.assertEqual({row["fallback"] for row in result.rows}, {"0"})
                    inside = (result.center[:, 0] - 0.4)**2 + result.center[:, 1]**2 < 0.6
                    self.assertLess(result.mass[inside].sum(), 1e-30)
        for scheme in ("jko_bdf2", "jko_midpoint"):
            V = "-x + ((x - 0.4)^2 + y^2 < 0.6 ? 1e5 : 0)"
            self.run_case(PLANE.format(n=24, start="(x < -0.5) ? 1 : 0", V=V, kT=1.0, scheme=scheme, step=0.03, end=0.12), 4)

    def test_warm_steps_of_a_power_law(self):
        """A drop that spreads by several cells in each step: the later of its steps are warm."""
        drop = PLANE.replace('kind = "entropy"\ntemperature = {kT}', 'kind = "power"\nexponent = 2.0')
        text = drop.format(n=48, start="max(0.1 - (x^2 + y^2)/16*16, 0)", V="0*x", scheme="jko", step=0.02, end=0.4)
        result = self.run_case(text, 20)
        late = [int(row["newton_iterations"]) for row in result.rows[8:]]
        self.assertLessEqual(sum(late) / len(late), 7)

    def test_first_step_of_a_power_law(self):
        """From a disc: two halves, without trying the midpoint rule first, and nearer to short steps than jko."""
        disc = PLANE.replace('kind = "entropy"\ntemperature = {kT}', 'kind = "power"\nexponent = 2.0')

        def case(scheme, n):
            return disc.format(n=32, start=DISC, V=WELL, scheme=scheme, step=0.1 / n, end=0.1)
        fine = Result(case("jko_bdf2", 80))
        allowed = 0.25 * self.run_case(case("jko", 5), 5).l1(fine)
        for scheme in PROXIMAL[1:]:
            with self.subTest(scheme=scheme):
                result = self.run_case(case(scheme, 5), 5)
                self.assertEqual(result.rows[0]["fallback"], "2")
                self.assertLessEqual(int(result.rows[0]["newton_iterations"]), 18)
                self.assertLessEqual(result.l1(fine), allowed)

    def test_path_of_the_barrier(self):
        """Wide tails of next to nothing: from a barrier that fell too fast Newton's method was lost for 48 iterations, and
        the midpoint rule's for 80 a step."""
        wells = "".join(f" - {h}*exp(-((x - {x})^2 + (y - {y})^2)/{w})" for h, x, y, w in (
            (1.82, 0.686, 0.865, 0.0615), (1.58, 1.01, 1.1, 0.0905), (1.24, 0.73, -0.0992, 0.241), (1.26, -0.961, 0.155, 0.0945)))
        power = PLANE.replace('kind = "entropy"\ntemperature = {kT}', 'kind = "power"\nexponent = 3.0')
        for scheme in ("jko", "jko_midpoint"):
            with self.subTest(scheme=scheme):
                result = self.run_case(power.format(n=64, start="exp(-((x + 0.652)^2 + (y + 0.159)^2)/0.1895)", step=0.00208,
                                                    V="0.3*(x^2 + y^2)" + wells, scheme=scheme, end=0.00624), 3)
                self.assertLessEqual(max(int(row["newton_iterations"]) for row in result.rows), 30)

    def test_fast_diffusion_into_empty_cells(self):
        """U = rho^m/(m - 1), m < 1: an empty cell has no weight in Newton's method, and stayed empty for ever."""
        for m, start in ((0.4, "(x < 0.5) ? 1 : 0"), (0.6, "exp(-3000*(x - 0.3)^2)"), (0.95, "(x < 0.5) ? 1 : 1e-30")):
            fast = LINE.replace('kind = "entropy"\ntemperature = 1.0', f'kind = "power"\nexponent = {m}')
            fast = fast.replace("(x < 0.25) ? 4 : 0", start).replace("end = 0.05", "end = 0.02")
            fine = Result(fast.format(scheme="jko_bdf2", step=0.02 / 320))
            self.assertLessEqual(fine.l1(Result(fast.format(scheme="implicit_euler", step=0.02 / 320))), 0.1)  # other fluxes
            for scheme in PROXIMAL:
                with self.subTest(m=m, start=start, scheme=scheme):
                    result = self.run_case(fast.format(scheme=scheme, step=0.002), 10)
                    self.assertLessEqual(result.l1(fine), 0.1)
                    newton = [int(row["newton_iterations"]) for row in result.rows]
                    self.assertLessEqual(newton[0], 45)
                    self.assertLessEqual(sum(newton[1:]) / 9, 6)

    def test_steps_longer_than_what_they_follow(self):
        """The midpoint rule would swing about the equilibrium for ever; near it F = 0 has no digits."""
        text = LINE.replace("(x < 0.25) ? 4 : 0", "1 + 0.9*cos(3.141592653589793*x)").replace("end = 0.05", "end = 100.0")
        for scheme in PROXIMAL:
            with self.subTest(scheme=scheme):
                result = self.run_case(text.format(scheme=scheme, step=10.0), 10)
                self.assertLess(np.abs(48 * result.mass - 1).max(), 1e-6)

    def test_units(self):
        """An interaction of 6e23 particles, energies of 1e-21 and lengths of 1e-9: coefficients beyond single precision."""
        def case(length, energy, mass):
            line = LINE.replace("upper = [1.0]", f"upper = [{length}]").replace("temperature = 1.0", f"temperature = {energy}")
            line = line.replace('kind = "expression"\nexpression = "(x < 0.25) ? 4 : 0"',
                                f'kind = "gaussian"\nmean = [{0.3 * length}]\nvariance = {0.05 * length**2}\nmass = {mass}')
            line = line.replace("[initial]", f'[[energy]]\nkind = "interaction"\nexpression = "{energy / mass}*exp(-(r/{length})^2)"\n'
                                             "[initial]")
            return line.replace("end = 0.05", f"end = {0.05 * length**2 / energy}").format(scheme="jko", step=0.01 * length**2 / energy)
        plain = self.run_case(case(1.0, 1.0, 1.0), 5)
        units = Result(case(1e-9, 4e-21, 6e23))
        self.assertEqual(units.status, 0, units.said)
        self.assertLess(np.abs(units.mass / 6e23 - plain.mass).sum(), 1e-8)

    def test_every_number_of_ranks(self):
        text = PLANE.format(n=40, start="exp(-((x + 0.7)^2 + (y - 0.5)^2)/0.1)", V=WELL, kT=0.7, scheme="jko_bdf2",
                            step=0.0229, end=4 * 0.0229)
        one, three = self.run_case(text, 4), self.run_case(text, 4, ranks=3)
        self.assertEqual([row["fallback"] for row in one.rows], [row["fallback"] for row in three.rows])
        self.assertLessEqual(one.l1(three), 1e-6)

    def test_a_refusal_is_told(self):
        """Crank-Nicolson of a peak, in long steps: what it makes is not positive."""
        peak = LINE.replace("(x < 0.25) ? 4 : 0", "exp(-1e4*(x-0.5)^2)")
        text = peak.format(scheme="crank_nicolson", step=0.025)
        result = Result(text)
        self.assertEqual(result.status, 0, result.said)
        rejected = result.summary["time"]["rejected"]
        self.assertGreater(rejected, 0)
        self.assertEqual(sum(int(row["refused"]) for row in result.rows), rejected)
        self.assertTrue(any("refused" in words for words in result.summary["warnings"]))
        self.assertIn(f"refused {rejected}, fallbacks 0, shortest step", result.said)


if __name__ == "__main__":
    unittest.main()
