#!/usr/bin/python3
"""Meshes as they come: files of Gmsh 4.8 with its default options (made by bench/field_meshes) and the
dialects of its formats, with no key in [mesh] but the file, on 1 and 3 ranks; and what regions, seams and
analyses are on them."""
import glob
import json
import math
import os
import sys
import tempfile
import unittest

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
FIELD = os.path.join(HERE, "field")
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from answers import otto  # noqa: E402

CASE = """
[mesh]
kind = "gmsh"
file = "{mesh}"
{keys}
[[energy]]
kind = "entropy"
temperature = 1.0
{terms}
[initial]
kind = "{initial}"
[time]
scheme = "{scheme}"
step = {step}
end = {end}
[solver]
rtol = 1e-12
{tables}
"""


def field(name):
    return os.path.join(FIELD, name + ".msh")


def run(mesh, *settings, keys="", terms="", initial="uniform", scheme="implicit_euler", step=0.01, end=0.02,
        tables="", ranks=1, command="run", words=()):
    """(status, what was said, summary, arrays of final.h5, log)"""
    with tempfile.TemporaryDirectory() as folder:
        case, out = os.path.join(folder, "case.toml"), os.path.join(folder, "out")
        with open(case, "w", encoding="utf-8") as file:
            file.write(CASE.format(mesh=mesh, keys=keys, terms=terms, initial=initial, scheme=scheme, step=step,
                                   end=end, tables=tables))
        line = [command, case, *words] + (["-o", out] if command != "check" else [])
        for setting in settings:
            line += ["--set", setting]
        done = otto(line, ranks=ranks, timeout=300)
        said = done.stdout + done.stderr
        if done.returncode != 0 or command == "check":
            return done.returncode, said, {}, {}, ""
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        arrays = {}
        if command == "run":
            with h5py.File(os.path.join(out, "final.h5")) as file:
                for name, values in file["cells"].items():
                    arrays[name] = values[:]
        with open(os.path.join(out, "log.txt"), encoding="utf-8") as file:
            return 0, said, summary, arrays, file.read()


# What a file has that no mesh can do without, in words of the message.
REFUSED = {"square_sides_only": "lines only", "extruded_prisms": "prisms"}


class AsTheyCome(unittest.TestCase):
    def test_every_file_runs_or_is_refused_for_a_true_reason(self):
        meshes = sorted(glob.glob(os.path.join(FIELD, "*.msh")))
        self.assertGreaterEqual(len(meshes), 22)
        for mesh in meshes:
            name = os.path.basename(mesh)[:-4]
            densities = []
            for ranks in (1, 3):
                with self.subTest(mesh=name, ranks=ranks):
                    status, said, summary, cells, log = run(
                        mesh, terms='[[energy]]\nkind = "external"\nexpression = "0.3*sin(2*pi*x)"', ranks=ranks)
                    if name in REFUSED:
                        self.assertEqual(status, 2, said)
                        self.assertIn(REFUSED[name], said)
                        continue
                    self.assertEqual(status, 0, said)
                    self.assertIn("control volumes: ", log)
                    self.assertLess(abs(np.dot(cells["volume"], cells["density"]) - 1), 1e-12)
                    self.assertGreater(cells["density"].min(), 0)
                    densities.append(cells["density"])
            if len(densities) == 2:
                np.testing.assert_allclose(densities[0], densities[1], rtol=1e-8, err_msg=name)

    def test_check_tells_the_choice_and_why(self):
        for name, words in (("square", "elements"), ("square_recombined", "cut in two"), ("ball", "medians, since"),
                            ("v41nogroup", "all 8 cells")):
            status, said, *_ = run(field(name), command="check")
            self.assertEqual(status, 0, said)
            self.assertIn(words, said)
            # names the flux that runs, and no other
            self.assertRegex(said, r"\n  flux +simplex\n" if name == "ball" else r"\n  flux +scharfetter_gummel\n")


class Groups(unittest.TestCase):
    RIGHT = '[[energy]]\nkind = "external"\nexpression = "2.0"\nregion = "right"'

    def mass_in_the_right(self, mesh, keys="refine = 2", terms=None):
        status, said, _, cells, _ = run(mesh, keys=keys, terms=terms or self.RIGHT, initial="gibbs")
        self.assertEqual(status, 0, said)
        return np.dot(cells["volume"], cells["density"] * (cells["center"][:, 0] > 1))

    def test_an_entity_in_several_groups_is_in_all_of_them(self):
        exact = 1 / (1 + math.exp(2))
        self.assertAlmostEqual(self.mass_in_the_right(field("v41multi")), exact, 10)
        self.assertAlmostEqual(self.mass_in_the_right(field("v41part")), exact, 10)
        # of Gmsh itself: "all" holds both halves, "right" one of them
        self.assertAlmostEqual(self.mass_in_the_right(field("halves_overlap"), ""), exact, 10)
        # there "all" holds the right half alone, here both
        other = self.RIGHT.replace("right", "all")
        self.assertAlmostEqual(self.mass_in_the_right(field("v41multi"), terms=other), exact, 10)
        self.assertAlmostEqual(self.mass_in_the_right(field("halves_overlap"), "", other), 0.5, 10)

    def test_comments_and_marks_before_the_header(self):
        with open(field("v41multi"), encoding="utf-8") as file:
            text = file.read()
        for before in ("\ufeff", "\n\n", "$Comments\nmade by hand\n$EndComments\n"):
            with tempfile.TemporaryDirectory() as folder:
                mesh = os.path.join(folder, "before.msh")
                with open(mesh, "w", encoding="utf-8") as file:
                    file.write(before + text)
                self.assertAlmostEqual(self.mass_in_the_right(mesh), 1 / (1 + math.exp(2)), 10)

    def test_a_cell_written_once_for_each_of_its_groups_is_one_cell(self):
        with open(field("plus22"), encoding="utf-8") as file:
            text = file.read()
        cells = [f"{21 + i} 3 2 5 1 {nodes}" for i, nodes in
                 enumerate(line.split(" ", 5)[5] for line in text.splitlines() if " 3 2 " in line and
                           len(line.split()) == 9)]
        self.assertEqual(len(cells), 8)
        text = text.replace("$Elements\n20\n", "$Elements\n28\n").replace(
            "$EndElements", "\n".join(cells) + "\n$EndElements")
        with tempfile.TemporaryDirectory() as folder:
            mesh = os.path.join(folder, "twice.msh")
            with open(mesh, "w", encoding="utf-8") as file:
                file.write(text)
            self.assertAlmostEqual(self.mass_in_the_right(mesh), 1 / (1 + math.exp(2)), 10)
            both = self.RIGHT.replace('"right"', '"5"')
            self.assertAlmostEqual(self.mass_in_the_right(mesh, terms=both), 0.5, 10)

    def test_a_side_in_two_groups_has_both_names(self):
        for names in ('["exit"]', '["walls"]', '["exit", "walls"]'):
            status, said, summary, *_ = run(field("v41multiside"), keys="refine = 1", step=0.001, end=0.01,
                                            tables=f"[boundary]\nabsorbing = {names}")
            self.assertEqual(status, 0, said)
            self.assertLess(summary["mass"]["final"], 0.98)

    def test_a_group_without_elements_is_an_error(self):
        with open(field("plus22"), encoding="utf-8") as file:
            text = file.read().replace('$PhysicalNames\n4\n', '$PhysicalNames\n5\n2 9 "empty"\n')
        with tempfile.TemporaryDirectory() as folder:
            mesh = os.path.join(folder, "empty.msh")
            with open(mesh, "w", encoding="utf-8") as file:
                file.write(text)
            for cells in ("elements", "vertices", "medians"):
                status, said, *_ = run(mesh, f"mesh.control_volumes={cells}",
                                       terms=self.RIGHT.replace("right", "empty"))
                self.assertEqual(status, 2)
                self.assertIn("'empty' holds no cell", said)


class Regions(unittest.TestCase):
    """A strip of cells narrower than the cells around the vertices: they have their shares of it."""

    def strip(self, left, right):
        """The unit square in 10 x 10 squares, those with left <= i < right "strip", the others "rest"."""
        n, nodes, cells = 10, [], []
        for j in range(n + 1):
            nodes += [f"{i / n!r} {j / n!r} 0" for i in range(n + 1)]
        for j in range(n):
            for i in range(n):
                a = 1 + i + (n + 1) * j
                group = 1 if left <= i < right else 2
                cells.append(f"3 2 {group} {group} {a} {a + 1} {a + n + 2} {a + n + 1}")
        numbered = lambda lines: "".join(f"{i} {line}\n" for i, line in enumerate(lines, 1))
        return ('$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n2\n2 1 "strip"\n2 2 "rest"\n'
                f"$EndPhysicalNames\n$Nodes\n{len(nodes)}\n{numbered(nodes)}$EndNodes\n"
                f"$Elements\n{len(cells)}\n{numbered(cells)}$EndElements\n")

    def density(self, left, right, kind):
        with tempfile.TemporaryDirectory() as folder:
            mesh = os.path.join(folder, "strip.msh")
            with open(mesh, "w", encoding="utf-8") as file:
                file.write(self.strip(left, right))
            status, said, _, cells, _ = run(
                mesh, f"mesh.control_volumes={kind}", initial="gibbs",
                terms='[[energy]]\nkind = "external"\nexpression = "1.0"\nregion = "strip"')
            self.assertEqual(status, 0, said)
            status, said, _, start, _ = run(mesh, f"mesh.control_volumes={kind}", "initial.region=strip",
                                            step=1e-9, end=1e-9)
            self.assertEqual(status, 0, said)
            return cells, start

    def test_a_strip_of_one_cell_is_not_lost(self):
        for kind in ("vertices", "medians"):
            cells, start = self.density(3, 4, kind)
            x, rho = cells["center"][:, 0], cells["density"]
            at = np.isclose(x, 0.3) | np.isclose(x, 0.4)
            # half of the cells at either edge lies in the strip: V = 1/2 there
            np.testing.assert_allclose(rho[at] / rho[~at].max(), math.exp(-0.5), rtol=1e-10)
            np.testing.assert_allclose(start["density"][at], 5, rtol=1e-5)
            self.assertLess(start["density"][~at].max(), 1e-4)

    def test_mirror_images_are_equal(self):
        for kind in ("vertices", "medians"):
            left, right = self.density(0, 3, kind), self.density(7, 10, kind)
            for a, b in zip(left, right):
                mirrored = a["density"].reshape(11, 11)[:, ::-1]
                np.testing.assert_allclose(mirrored, b["density"].reshape(11, 11), rtol=1e-9,
                                           atol=1e-12)


class Seams(unittest.TestCase):
    def test_a_gaussian_is_wrapped_around_the_seam(self):
        for kind in ("auto", "elements", "medians"):
            for mean in (0.0, 1.0, -3.0):
                status, said, _, cells, _ = run(
                    field("periodic_xy"), "initial.kind=gaussian", f"initial.mean=[{mean}, 0.5]",
                    "initial.variance=0.01", keys=f'refine = 2\ncontrol_volumes = "{kind}"', step=1e-9, end=1e-9)
                if kind == "elements" and status == 2:
                    self.assertIn("Delaunay", said)
                    continue
                self.assertEqual(status, 0, said)
                x, mass = cells["center"][:, 0], cells["volume"] * cells["density"]
                self.assertAlmostEqual(np.sum(mass * np.sin(2 * math.pi * x)), 0, 2)
                self.assertAlmostEqual(np.sum(mass * np.cos(2 * math.pi * x)),
                                       math.exp(-2 * math.pi**2 * 0.01), 2)

    def test_currents_of_a_tilted_ring(self):
        """V = 0.5 cos(2 pi x), b = 3, kT = 1: J = kT (1 - e^-L b/kT) / int int e^..., by quadrature."""
        kT, b, n = 1.0, 3.0, 4000
        x = (np.arange(n) + 0.5) / n
        U = lambda s: 0.5 * np.cos(2 * math.pi * s) - b * s
        inner = np.array([np.mean(np.exp((U(s + x) - U(s)) / kT)) for s in x])
        exact = kT * (1 - math.exp(-b / kT)) / np.mean(inner)
        for kind in ("auto", "medians"):
            for ranks in (1, 3):
                status, said, summary, cells, _ = run(
                    field("periodic_xy"), terms='[[energy]]\nkind = "external"\nexpression = "0.5*cos(2*pi*x)"',
                    keys=f'refine = 3\ncontrol_volumes = "{kind}"', ranks=ranks,
                    tables='[drift]\nexpression = ["3.0", "0"]\n[analysis]\nstationary_current = true')
                self.assertEqual(status, 0, said)
                current = summary["analysis"]["stationary_current"]
                self.assertLess(abs(current[0] - exact), 0.01 * exact, kind)
                self.assertLess(abs(current[1]), 0.01)

    def test_a_periodic_side_is_no_side(self):
        status, said, *_ = run(field("periodic_x"),
                               tables='[boundary]\nabsorbing = ["left"]')
        self.assertEqual(status, 2)
        self.assertIn("has no side 'left'", said)


class Medians(unittest.TestCase):
    """What needs rates between two cells, on cells bounded by medians."""

    def test_rates_of_the_square(self):
        for mesh in ("square", "square_recombined", "square_layer_quads"):
            errors = []
            for refine in (1, 2, 3):
                status, said, summary, *_ = run(field(mesh), command="spectrum",
                                                keys=f'refine = {refine}\ncontrol_volumes = "medians"')
                self.assertEqual(status, 0, said)
                errors.append(abs(summary["spectrum"]["rates"][0] - math.pi**2))
            self.assertGreater(math.log2(errors[1] / errors[2]), 1.8, mesh)

    def test_time_to_leave_and_the_committor_between_two_sides(self):
        """On plus22 the sides x = 0 and y = 0, 1 are walls and x = 2 lets out: T = (4 - x^2) / 2."""
        errors = []
        for refine in (2, 3, 4):
            status, said, _, cells, _ = run(
                field("plus22"), keys=f'refine = {refine}\ncontrol_volumes = "medians"', scheme="tr_bdf2",
                tables='[boundary]\nabsorbing = ["exit"]\n[analysis]\nmean_exit_time = true\n'
                'committor_from = "0.5 - x"\ncommittor_to = "exit"')
            self.assertEqual(status, 0, said)
            x = cells["center"][:, 0]
            errors.append(np.max(np.abs(cells["mean_exit_time"] - (4 - x**2) / 2)))
            q = np.clip((x - 0.5) / 1.5, 0, 1)
            self.assertLess(np.max(np.abs(cells["committor"] - q)), 1e-6)
        self.assertLess(errors[-1], 1e-8)  # quadratic along rows of squares: exact at the vertices

    def test_decay_through_a_side(self):
        """rho = cos(pi x / 4) leaves through x = 2 at the rate (pi / 4)^2."""
        decay = math.exp(-(math.pi / 4) ** 2 * 0.5)
        errors = []
        for refine in (1, 2, 3):
            status, said, summary, *_ = run(
                field("plus22"), "initial.kind=expression", "initial.expression=cos(pi*x/4)",
                keys=f'refine = {refine}\ncontrol_volumes = "medians"', scheme="tr_bdf2",
                step=0.05 / 2**refine, end=0.5, tables='[boundary]\nabsorbing = ["exit"]')
            self.assertEqual(status, 0, said)
            errors.append(abs(summary["mass"]["final"] - decay))
        self.assertGreater(math.log2(errors[0] / errors[1]), 1.8)
        self.assertGreater(math.log2(errors[1] / errors[2]), 1.8)

    def test_drift_carries_a_gaussian(self):
        """An Ornstein-Uhlenbeck drift in the ball: -4 x as a drift or as a potential, the same density."""
        densities = []
        for terms, tables in (('[[energy]]\nkind = "external"\nexpression = "2*(x^2+y^2+z^2)"', ""),
                              ("", '[drift]\nexpression = ["-4*x", "-4*y", "-4*z"]')):
            status, said, _, cells, log = run(field("ball"), keys="refine = 2", terms=terms, tables=tables,
                                              scheme="tr_bdf2", step=0.05, end=2.0)
            self.assertEqual(status, 0, said)
            self.assertIn("medians", log)
            densities.append(cells)
        volume = densities[0]["volume"]
        a, b = (d["density"] for d in densities)
        self.assertLess(np.dot(volume, np.abs(a - b)), 0.01)
        exact = np.exp(-2 * np.sum(densities[0]["center"] ** 2, axis=1))
        exact /= np.dot(volume, exact)
        self.assertLess(np.dot(volume, np.abs(a - exact)), 1e-6)


if __name__ == "__main__":
    unittest.main()
