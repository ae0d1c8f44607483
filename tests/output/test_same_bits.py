"""Runs on boxes write the same bits on any number of ranks and on every grid of processes, and checkpoints go on on other
numbers of ranks; with [run] reproducible what sees the ranks is done by the first, and the rest refused."""

import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

OTTO = os.environ["OTTO"]
ROOT = Path(__file__).resolve().parents[2]
WELL = str(ROOT / "cases" / "double_well" / "case.toml")
EMPTY_CELLS = """
[mesh]
lower = [-1.344, -2.345, -2.961]
upper = [2.442, 1.78, 2.838]
cells = [8, 7, 8]
[[energy]]
kind = "entropy"
temperature = 0.1
[[energy]]
kind = "external"
library = "double_well"
barrier = 2.2
[initial]
kind = "samples"
file = "samples.txt"
[time]
scheme = "jko"
step = 0.00494
end = 0.00494
[output]
format = "none"
"""
SMALL = ["mesh.cells=[40,37]", "time.end=0.1", "time.step=0.02", "output.format=none"]


def compare(*words):
    """bench/same_bits with the program under test."""
    return subprocess.run([sys.executable, str(ROOT / "bench" / "same_bits"), "--otto", OTTO, *words],
                          capture_output=True, text=True, check=False)


def run(*words, ranks=1):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(["mpirun", "--oversubscribe", "-n", str(ranks), OTTO, "run", WELL, "-o", folder,
                               *(w for s in SMALL for w in ("--set", s)), *words],
                              capture_output=True, text=True, check=False)


class SameBits(unittest.TestCase):
    def test_every_grid_of_processes(self):
        done = compare(WELL, "--ranks", "2,4", "--grids", "2", "--set", *SMALL, "run.reproducible=true")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("the same bits"), 5)

    def test_restart_on_other_ranks(self):
        done = compare(WELL, "--ranks", "1,3", "--restart", "2", "--set", *SMALL, "time.scheme=tr_bdf2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("the same bits"), 4)

    def test_what_has_them_not_is_refused(self):
        done = run("--set", "run.reproducible=true", "--set", 'flux.kind="simplex"')
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("triangles", done.stderr)
        done = run("--set", "run.reproducible=true", "--set", "analysis.stationary_current=true")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("run.reproducible", done.stderr)
        self.assertIn("docs/ranks.md", done.stderr)

    def test_what_the_first_rank_does_alone(self):
        """Drift, fluxes of fourth order, and energies that range over more than the symmetric form of the solves takes."""
        for settings in (['drift.expression=["y","-x"]'], ["flux.kind=fourth_order"],
                         ["energy[2].strength=60", "time.step=1e-6", "time.end=2e-6"]):
            done = compare(WELL, "--ranks", "3", "--set", *SMALL, "run.reproducible=true", *settings)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stdout.count("the same bits"), 1)

    def test_proximal_schemes_of_second_order(self):
        for scheme in ("jko_bdf2", "jko_midpoint"):
            done = compare(WELL, "--ranks", "3", "--set", *SMALL, "run.reproducible=true", f"time.scheme={scheme}")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_step_on_which_the_geometric_multigrid_gives_way(self):
        """Cells that are empty between some that are not."""
        with tempfile.TemporaryDirectory() as folder:
            draw = random.Random(1)
            Path(folder, "samples.txt").write_text("".join(
                " ".join(str(max(-0.9, min(0.9, draw.gauss(0, 0.4)))) for _ in range(3)) + "\n" for _ in range(30)),
                encoding="utf-8")
            case = Path(folder, "case.toml")
            case.write_text(EMPTY_CELLS, encoding="utf-8")
            done = compare(str(case), "--ranks", "2,3", "--set", "run.reproducible=true")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stdout.count("the same bits"), 2)

    def test_a_preconditioner_of_the_users_is_not_taken_with_it(self):
        done = run("--set", "run.reproducible=true", "--set", "time.scheme=jko", "--", "-proximal_pc_type", "jacobi")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("run.reproducible cannot be kept", done.stderr)

    def test_a_grid_that_does_not_fit(self):
        for grid, ranks in (("2,2", 2), ("0,2", 2), ("1,1,2", 2)):
            done = run("--", "-box_ranks", grid, ranks=ranks)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("-box_ranks", done.stderr)


if __name__ == "__main__":
    unittest.main()
