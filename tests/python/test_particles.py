"""otto.sample and otto.likelihood: the bits of the command line, energies and rows as Python has them, and what is refused."""

import math
import os
import subprocess
import tempfile
import unittest
import warnings

from python_support import OTTO, on_ranks

import h5py
import numpy as np
import torch
import otto

QUICK = {"ladders": 3, "burn_in": 20, "steps": 60, "replicas": 4}
WORDS = ["--ladders", "3", "--burn-in", "20", "--steps", "60", "--replicas", "4"]


class Normal(torch.nn.Module):
    """U = a |x|^2 / 2, with the normal law that is its reference: log Z = d/2 log(2 pi / a)."""

    def __init__(self, a: float, dimension: int):
        super().__init__()
        self.a = a
        self.register_buffer("reference_mean", torch.zeros(dimension, dtype=torch.float64))
        self.register_buffer("reference_factor", torch.eye(dimension, dtype=torch.float64))

    def forward(self, x):
        return 0.5 * self.a * (x * x).sum(1)


@unittest.skipUnless(os.path.exists(os.path.join(os.path.dirname(os.path.abspath(OTTO)), "libotto_torch.so")), "built without libtorch")
class Particles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name
        self.energy = torch.jit.script(Normal(1.5, 3))
        self.file = os.path.join(self.out, "energy.pt")
        self.energy.save(self.file)

    def test_same_bits_as_the_command_line(self):
        folder = os.path.join(self.out, "program")
        subprocess.run([OTTO, "sample", self.file, "--count", "9", "--seed", "5", *WORDS, "-o", folder], check=True, capture_output=True)
        with h5py.File(os.path.join(folder, "samples.h5")) as file:
            rows, energies = file["samples"][()], file["energy"][()]
        for energy in (self.file, self.out, self.energy):
            drawn = otto.sample(energy, count=9, seed=5, **QUICK)
            self.assertTrue(np.array_equal(drawn.samples, rows))
            self.assertTrue(np.array_equal(drawn.sample_energies, energies))
        self.assertLess(np.abs(energies - 0.75 * (rows**2).sum(1)).max(), 1e-12)

    def test_likelihood_of_an_array(self):
        rows = np.random.default_rng(3).normal(size=(40, 3)) / math.sqrt(1.5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rows without /test
            found = otto.likelihood(self.energy, rows, baselines=False, temperatures=100, particles=60, **QUICK).summary["likelihood"]
        exact = 1.5 * math.log(2 * math.pi / 1.5)
        self.assertTrue(found["closed"])
        self.assertLess(abs(found["log_z_bar"] - exact), 0.1)
        self.assertLess(abs(found["test_log_likelihood"] + (0.75 * (rows**2).sum(1)).mean() + exact), 0.2)

    def test_without_a_folder_nothing_stays(self):
        drawn = otto.sample(self.energy, count=3, **QUICK)
        folder = drawn.folder
        self.assertTrue(os.path.exists(folder))
        del drawn
        self.assertFalse(os.path.exists(folder))

    def test_bad_input(self):
        for ask, words in [
                (lambda: otto.sample(self.energy, count=0), "--count 0: must be a whole number"),
                (lambda: otto.sample(self.energy, count=2.5), "--count 2.5"),
                (lambda: otto.sample(self.energy, replicas=1), "--replicas 1"),
                (lambda: otto.sample(self.energy, seed=-1), "--seed -1"),
                (lambda: otto.sample(self.energy, no_code=True, sandbox=True), "exclude each other"),
                (lambda: otto.sample(self.file, no_code=True), "no-code"),
                (lambda: otto.sample(os.path.join(self.out, "none.pt")), "none.pt"),
                (lambda: otto.sample(lambda x: x), "not function"),
                (lambda: otto.sample(self.energy, data=np.zeros(3)), r"shape \(3,\)"),
                (lambda: otto.sample(self.energy, data=np.array(["a"])), "takes numbers"),
                (lambda: otto.likelihood(self.energy, None), "give an array"),
                (lambda: otto.likelihood(self.energy, np.zeros((4, 2)), **QUICK), "3 dimensions; the data have 2"),
                (lambda: otto.likelihood(self.energy, np.full((4, 3), np.nan), **QUICK), "row 1 is not finite"),
                (lambda: otto.likelihood(self.energy, np.zeros((4, 3)), noise=-1.0), "--noise -1.0")]:
            with self.subTest(words), self.assertRaisesRegex(otto.InputError, words):
                ask()
        self.assertEqual(otto.sample(self.energy, count=3, **QUICK).samples.shape, (3, 3))

    def test_ranks(self):
        """Two ranks draw what one does, and an error is raised on both."""
        alone = otto.sample(self.file, count=4, **QUICK).samples
        printed = on_ranks(2, f"""
drawn = otto.sample({self.file!r}, count=4, **{QUICK!r})
try:
    otto.sample(np.zeros((2, 2)) if rank else {self.file!r}, count=-rank)
except otto.InputError:
    print("raised")
if rank == 1:
    print(drawn.samples.tolist())
""")
        self.assertEqual(printed.count("raised"), 2)
        self.assertTrue(np.array_equal(eval(printed[printed.index("["):].split("\n")[0]), alone))  # noqa: S307


@unittest.skipUnless(os.path.exists(os.path.join(os.path.dirname(os.path.abspath(OTTO)), "libotto_torch.so")), "built without libtorch")
class TreatmentOfPrograms(unittest.TestCase):
    def test_programs_run_are_confined_or_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "energy.pt")
            torch.jit.script(Normal(1.5, 1)).save(file)
            case = {"mesh": {"lower": [-3], "upper": [3], "cells": [20]}, "initial": {"kind": "uniform"},
                    "energy": [{"kind": "entropy", "temperature": 1.0}, {"kind": "external", "network": file}],
                    "time": {"step": 0.1, "end": 0.2}}
            self.addCleanup(otto.treat_programs, "run")
            plain = otto.run(case)
            otto.treat_programs("sandbox")
            np.testing.assert_array_equal(otto.run(case).density, plain.density)
            otto.treat_programs("refuse")
            with self.assertRaisesRegex(otto.InputError, "program"):
                otto.run(case)
            with self.assertRaisesRegex(otto.InputError, "takes"):
                otto.treat_programs("maybe")


if __name__ == "__main__":
    unittest.main()
