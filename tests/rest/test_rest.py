#!/usr/bin/python3
"""The Gibbs state is at rest: every energy of the library, 50 steps of implicit Euler with every flux in
detailed balance and of every proximal scheme."""
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ["OTTO"]

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests"))
from answers import otto  # noqa: E402

loader = importlib.machinery.SourceFileLoader("energies", os.path.join(ROOT, "postprocess", "energies"))
energies = importlib.util.module_from_spec(importlib.util.spec_from_loader("energies", loader))
loader.exec_module(energies)


class Rest(unittest.TestCase):
    def test_gibbs_state_does_not_move(self):
        entries = energies.planar_entries(OTTO)
        self.assertGreaterEqual(len(entries), 33)
        for name, lower, upper in entries:
            for setting in ("flux.kind=scharfetter_gummel", "flux.kind=square_root", "time.scheme=jko",
                            "time.scheme=jko_bdf2", "time.scheme=jko_midpoint"):
                with self.subTest(energy=name, setting=setting), tempfile.TemporaryDirectory() as folder:
                    self.assertLessEqual(self.change(folder, name, lower, upper, setting), 1e-13)

    def change(self, folder, name, lower, upper, setting):
        """Largest change of the density over its largest value."""
        case, output = os.path.join(folder, "case.toml"), os.path.join(folder, "out")
        with open(case, "w", encoding="utf-8") as file:
            file.write(energies.CASE.format(name=name, lower=lower, upper=upper, cells=48, temperature=1.0,
                                            parameters=energies.PARAMETERS.get(name, "")))
        otto(["run", case, "-o", output, "--set", "time.step=0.01", "--set", "time.end=0.5", "--set", setting]).check_returncode()
        with h5py.File(os.path.join(output, "fields", "density_0000.hdf")) as file:
            start = file["VTKHDF/CellData/density"][:]
        with h5py.File(os.path.join(output, "final.h5")) as file:
            end = file["cells/density"][:]
        return np.max(np.abs(end - start)) / np.max(start)


if __name__ == "__main__":
    unittest.main()
