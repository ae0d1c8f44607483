"""What looks wrong though nothing fails is said: in the log, in summary.json, and at the end of the screen; and where
all is well, nothing is."""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from answers import otto  # noqa: E402

MESHES = Path(__file__).resolve().parents[2] / "meshes"

LINE = """
[mesh]
kind = "box"
lower = [-5.0]
upper = [5.0]
cells = [100]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "x^2/2"
[time]
scheme = "implicit_euler"
step = 0.1
end = 4.0
[output]
format = "none"
"""
GAUSSIAN = ('initial.kind="gaussian"', "initial.mean=[0.0]", "initial.variance=1.0")
PERIODIC = ("mesh.periodic=[true]", "mesh.lower=[-1.0]", "mesh.upper=[1.0]", 'initial.kind="uniform"', "time.end=0.2")
# x^2/2 beside waves of length 0.1 and height 2 kT, as of a rough energy
WAVES = 'energy[2].expression="x^2/2 + {}*cos(2*pi*x/0.1)"'
ROUGH = ('energy[2].expression="x^2/2 + cos(2*pi*x/0.1)"', "mesh.cells=[1000]", 'time.scheme="jko"', "time.end=0.2")


def words(settings):
    """--set words; the initial density is a Gaussian unless they say otherwise."""
    keys = [s.split("=")[0] for s in settings]
    given = [] if "initial.kind" in keys else [s for s in GAUSSIAN if s.split("=")[0] not in keys]
    if "initial.covariance" in keys:
        given = [s for s in given if "variance" not in s]
    return [word for s in [*given, *settings] for word in ("--set", s)]


class Warnings(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="otto-warnings-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "case.toml").write_text(LINE, encoding="utf-8")
        self.runs = 0

    def otto(self, *arguments, ranks=1, status=0):
        done = otto(arguments, self.folder, ranks, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def warnings(self, *settings, command=("run", "case.toml"), ranks=1):
        """Those of the summary, after a look at the log and the screen."""
        self.runs += 1
        out = self.folder / f"out{self.runs}"
        done = self.otto(*command, "-o", out, *(words(settings) if command[0] == "run" else ()), ranks=ranks)
        said = json.loads((out / "summary.json").read_text(encoding="utf-8")).get("warnings", [])
        log = (out / "log.txt").read_text(encoding="utf-8")
        for sentence in said:
            self.assertIn(f"warning: {sentence}\n", log)
            self.assertIn(f"warning: {sentence}\n", done.stderr[-3000:])
        return said

    def check(self, word, silent, loud):
        """`loud` settings warn once, with the word, on 1 and on 3 ranks alike; `silent` ones do not."""
        for settings in silent:
            self.assertEqual(self.warnings(*settings), [], settings)
        for settings in loud:
            said = self.warnings(*settings)
            self.assertEqual(len(said), 1, (settings, said))
            self.assertIn(word, said[0])
            self.assertEqual(self.warnings(*settings, ranks=3), said)

    def test_a_gaussian_outside_the_mesh(self):
        plane = ("mesh.lower=[-5.0, -5.0]", "mesh.upper=[5.0, 5.0]", "mesh.cells=[20, 20]", "time.end=0.2")
        self.check("of the mass of this Gaussian",
                   [(), ("initial.mean=[5.0]",),  # half of it
                    (*plane, "initial.mean=[5.0, 5.0]", "initial.covariance=[1.0, 0.5, 0.5, 1.0]")],
                   [("initial.mean=[25.0]",), ("initial.mean=[-7.0]",),
                    (*plane, "initial.mean=[9.0, 0.0]", "initial.covariance=[1.0, 0.5, 0.5, 1.0]")])
        said = self.warnings("initial.mean=[25.0]")[0]  # erfc(20/sqrt 2)/2
        self.assertIn("holds 2.8e-89 of", said)
        self.assertIn("initial.mean", said)

    def test_an_expression_that_vanishes_on_the_mesh(self):
        of = lambda V: ('initial.kind="expression"', f'initial.expression="{V}"')  # noqa: E731
        self.check("all of it is scaled up to initial.mass", [of("exp(-(x-2)^2-200)")], [of("10*exp(-(x-24.9)^2)")])

    def test_a_gaussian_narrower_than_a_cell(self):
        plane = ("mesh.lower=[-5.0, -5.0]", "mesh.upper=[5.0, 5.0]", "mesh.cells=[20, 20]", "time.end=0.2", "initial.mean=[0.0, 0.0]")
        self.check("starts as wide as a cell",
                   [("mesh.cells=[100]", "initial.variance=0.0012"), (*plane, "initial.variance=[0.01, 1.0]")],
                   [("mesh.cells=[100]", "initial.variance=0.0011"), (*plane, "initial.variance=0.01"),
                    (*plane, "initial.covariance=[0.01, 0.001, 0.001, 0.01]")])

    def test_mass_against_a_wall(self):
        well = 'energy[2].expression="(x-8)^2/2"'
        self.check("against the wall x_max",
                   [(), ("time.end=0.1", 'energy[2].expression="0"', 'initial.kind="uniform"'),
                    ("mesh.upper=[12.0]", "mesh.cells=[170]", well),
                    ('energy[2].expression="(x-3)^2/2"',)],
                   [(well,)])

    def test_mass_against_the_wall_of_a_mesh(self):
        """Cells of triangles seldom have a neighbour straight behind a wall."""
        for name, wall in (("disc", "rim"), ("channel", "outlet")):
            for volumes in ("elements", "medians"):
                text = (f'[mesh]\nkind = "gmsh"\nfile = "{MESHES / name}.msh"\ncontrol_volumes = "{volumes}"\n' +
                        LINE[LINE.index("[[energy]]"):])
                (self.folder / "case.toml").write_text(text, encoding="utf-8")
                of = lambda V: (f'energy[2].expression="{V}"', 'initial.kind="gibbs"', "time.end=0.2")  # noqa: E731
                gentle = [of("x + y")] if name == "disc" else []  # its layers fill the disc
                self.check(f"against the wall {wall}", [of("0"), *gentle], [of("-60*x")])

    def test_an_energy_that_jumps_at_a_seam(self):
        smooth = ["cos(pi*x)", "sin(pi*x)^3", "abs(x)", "exp(sin(2*pi*x))", "0"]
        jumps = ["x", "x^3", "exp(x)", "sin(pi*x/2)"]
        for cells in (8, 100):
            self.check("across a periodic seam",
                       [(*PERIODIC, f"mesh.cells=[{cells}]", f'energy[2].expression="{V}"') for V in smooth],
                       [(*PERIODIC, f"mesh.cells=[{cells}]", f'energy[2].expression="{V}"')
                        for V in (jumps if cells == 100 else jumps[:1])])
        done = self.otto("check", "case.toml", *words((*PERIODIC, "energy[2].expression=x")))
        self.assertIn("warning: V jumps by 1.98 across a periodic seam", done.stdout)

    def test_cells_too_wide_for_the_forces(self):
        """A constant drift b on cells of width h: P = b h/kT, and the flux diffuses (P/2) coth(P/2) times kT."""
        drift = 'drift.expression=["2"]'
        self.check("the flux diffuses",
                   [(), ('energy[2].expression="50*x^2"',), (*PERIODIC, drift, "mesh.cells=[10]", 'energy[2].expression="0"')],
                   [(*PERIODIC, "mesh.lower=[-50.0]", "mesh.upper=[50.0]", drift, "mesh.cells=[10]",
                     'energy[2].expression="0"')])

    def test_proximal_steps_too_long_for_a_rough_energy(self):
        self.check("may pass over barriers",
                   [(*ROUGH, "time.step=0.0002", "time.end=0.001"),
                    ('time.scheme="jko"', "time.end=1"), ('time.scheme="jko"', "time.step=0.5")],
                   [ROUGH, *((*ROUGH[1:], WAVES.format(height), "time.step=0.1", "time.end=1") for height in (3, 6))])

    def test_distances_on_coarse_cells(self):
        for name, cells, mean in (("a", 100, -1), ("b", 100, 1), ("c", 10, -1), ("d", 10, 1)):
            self.otto("run", "case.toml", "-o", name,
                      *words((f"mesh.cells=[{cells}]", f"initial.mean=[{mean}]", "time.end=0.1", "energy[2].expression=0")))
        for first, second, count in (("a", "b", 0), ("c", "d", 1)):
            said = self.warnings(command=("distance", f"{first}/final.h5", f"{second}/final.h5"))
            self.assertEqual(len(said), count, said)
        self.assertIn("the bounds are those of the problem on these cells", said[0])

    def test_a_coordinate_the_mesh_does_not_have(self):
        plane = ("mesh.lower=[-5.0, -5.0]", "mesh.upper=[5.0, 5.0]", "mesh.cells=[10, 10]", "initial.mean=[0.0, 0.0]")
        for settings, word in (((*plane, 'energy[2].expression="x^2+z"'), "expression uses z"),
                               (('energy[2].expression="x^2+y"',), "expression uses y"),
                               ((*plane, 'drift.expression=["z", "0"]'), "expression uses z"),
                               (('exact.density="exp(-x^2-z^2)"',), "density uses z")):
            said = [sentence for sentence in self.warnings(*settings) if word in sentence]
            self.assertEqual(len(said), 1, settings)
        self.assertFalse([s for s in self.warnings(*plane, 'energy[2].expression="x^2+y"') if "uses" in s])


if __name__ == "__main__":
    unittest.main()
