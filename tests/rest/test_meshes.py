#!/usr/bin/python3
"""What boxes keep is kept on every mesh of meshes/: the Gibbs state at rest, mass, sign, decay of the
free energy; and the same result on any number of ranks, whoever divides the mesh, and after a restart."""
import glob
import json
import os
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from answers import otto  # noqa: E402

MESHES = sorted(glob.glob(os.path.join(ROOT, "meshes", "*.msh")))
CASE = """
[mesh]
kind = "gmsh"
file = "{mesh}"
[[energy]]
kind = "entropy"
temperature = 0.5
[[energy]]
kind = "external"
expression = "sin(2*x) + 0.5*cos(3*y) + 0.3*z"
[initial]
kind = "gibbs"
[time]
scheme = "implicit_euler"
step = 0.02
end = 0.2
[solver]
rtol = 1e-13
[output]
every = 0.2
"""
BLOB = ("initial.kind=expression", "initial.expression=exp(-4*((x-0.5)^2+(y-0.5)^2)) + 1e-3")


def run(mesh, folder, *settings, ranks=1, words=()):
    """Runs the case into folder/out; the densities at the start and the end, and summary.json."""
    case, output = os.path.join(folder, "case.toml"), os.path.join(folder, "out")
    with open(case, "w", encoding="utf-8") as file:
        file.write(CASE.format(mesh=mesh))
    command = ["run", case, "-o", output, *words]
    for setting in settings:
        command += ["--set", setting]
    otto(command, ranks=ranks).check_returncode()
    with h5py.File(os.path.join(output, "fields", "density_0000.hdf")) as file:
        start = file["VTKHDF/CellData/density"][:]
    with h5py.File(os.path.join(output, "final.h5")) as file:
        end = file["cells/density"][:]
    with open(os.path.join(output, "summary.json"), encoding="utf-8") as file:
        return start, end, json.load(file)


def volumes(mesh):
    """Both kinds of control volumes, where an obtuse angle at a wall does not forbid the second."""
    obtuse = os.path.basename(mesh) in ("channel.msh", "l_shape.msh", "two_chambers.msh")
    return ("elements",) if obtuse else ("elements", "vertices")


class Meshes(unittest.TestCase):
    def test_gibbs_state_does_not_move(self):
        self.assertGreaterEqual(len(MESHES), 8)
        for mesh in MESHES:
            for kind in volumes(mesh):
                for scheme in ("implicit_euler", "tr_bdf2", "jko"):
                    with self.subTest(mesh=mesh, kind=kind, scheme=scheme), \
                            tempfile.TemporaryDirectory() as folder:
                        # As on boxes, with the solver's default tolerance: below it a solve adds the
                        # rounding of the stiffest faces.
                        start, end, _ = run(mesh, folder, f"mesh.control_volumes={kind}",
                                            f"time.scheme={scheme}", "solver.rtol=1e-8")
                        self.assertLessEqual(np.max(np.abs(end - start)) / np.max(start), 1e-13)

    def test_mass_sign_and_decay(self):
        for mesh in MESHES:
            for kind in volumes(mesh):
                for scheme in ("implicit_euler", "jko"):
                    with self.subTest(mesh=mesh, kind=kind, scheme=scheme), \
                            tempfile.TemporaryDirectory() as folder:
                        _, end, summary = run(mesh, folder, *BLOB, f"mesh.control_volumes={kind}",
                                              f"time.scheme={scheme}")
                        self.assertLessEqual(summary["mass"]["max_relative_drift"], 1e-12)
                        self.assertGreater(np.min(end), 0)
                        self.assertLessEqual(summary["energy"]["max_increase"], 1e-14)
                        self.assertLess(summary["energy"]["final"], summary["energy"]["initial"])

    def test_ranks_and_partitioners_agree(self):
        for name, scheme in (("annulus", "implicit_euler"), ("l_shape", "tr_bdf2"),
                             ("torus", "implicit_euler"), ("acute", "jko")):
            mesh = os.path.join(ROOT, "meshes", name + ".msh")
            with tempfile.TemporaryDirectory() as folder:
                _, alone, _ = run(mesh, folder, *BLOB, f"time.scheme={scheme}", "output.every=0.2")
            for ranks, partitioner in ((2, "bisection"), (3, "ptscotch"), (4, "blocks")):
                with self.subTest(mesh=name, ranks=ranks), tempfile.TemporaryDirectory() as folder:
                    _, end, _ = run(mesh, folder, *BLOB, f"time.scheme={scheme}",
                                    f"mesh.partitioner={partitioner}", ranks=ranks)
                    self.assertLessEqual(np.max(np.abs(end - alone)), 1e-10 * np.max(alone))

    def test_restart_on_other_ranks(self):
        mesh = os.path.join(ROOT, "meshes", "disc.msh")
        with tempfile.TemporaryDirectory() as folder:
            _, whole, _ = run(mesh, folder, *BLOB)
        with tempfile.TemporaryDirectory() as folder:
            run(mesh, folder, *BLOB, "time.end=0.1", "checkpoint.every_steps=5", ranks=3)
            _, end, _ = run(mesh, folder, *BLOB, "time.end=0.2", ranks=2,
                            words=("--resume", "auto", "--allow-change", "time.end"))
            self.assertLessEqual(np.max(np.abs(end - whole)), 1e-11 * np.max(whole))


if __name__ == "__main__":
    unittest.main()
