"""`otto likelihood` and `otto sample` against energies whose normaliser is known."""

import json
import os
import sys
import tempfile
import unittest

import h5py
import numpy as np

for path in (os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")):
    sys.path.insert(0, path)
import energies as E
from answers import otto


def run(words, folder, ranks=1):
    done = otto(words, folder, ranks)
    return done.returncode, done.stdout + done.stderr


class Known(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.rng = np.random.default_rng(20)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def summary(self, name, part):
        with open(self.path(f"{name}/summary.json"), encoding="utf-8") as file:
            return json.load(file)[part]

    def likelihood(self, energy, *words, out="out", ranks=1):
        status, text = run(["likelihood", energy, "--data", "data.h5", "-o", out, *words],
                           self.folder.name, ranks)
        self.assertEqual(status, 0, text)
        return self.summary(out, "likelihood")

    def normal_case(self, d, shift):
        A = self.rng.normal(size=(d, d)) / np.sqrt(d)
        C = A @ A.T + .5 * np.eye(d)
        L = np.linalg.cholesky(C)
        rows = self.rng.normal(size=(1500, d)) @ L.T + .3
        E.write_data(self.path("data.h5"), train=rows[:1000], validation=rows[1000:1200],
                     test=rows[1200:])
        E.save(E.Normal(np.full(d, .3), L, shift), self.path(f"normal{shift}.pt"))
        z = np.linalg.solve(L, (rows[1200:] - .3).T)
        return float((-.5 * (z * z).sum(0)).mean() - np.log(np.diag(L)).sum()
                     - d / 2 * np.log(2 * np.pi))

    def test_normal_energy_and_a_shift(self):
        exact = self.normal_case(64, 0)
        self.normal_case_again(64, 2.5)
        short = ["--temperatures", "200", "--particles", "128", "--ladders", "16", "--burn-in",
                 "60", "--steps", "120"]
        a = self.likelihood("normal0.pt", *short, out="a")
        b = self.likelihood("normal2.5.pt", *short, "--no-baselines", out="b", ranks=2)
        self.assertTrue(a["closed"])
        self.assertAlmostEqual(a["log_z_bar"], 0, delta=.05)
        self.assertAlmostEqual(a["log_z_lower"], 0, delta=.1)
        self.assertLess(a["test_log_likelihood"], exact + .01)
        self.assertAlmostEqual(a["test_log_likelihood"], exact, delta=.15)
        # a shift of U moves log Z and leaves likelihoods, also on two ranks
        self.assertAlmostEqual(b["log_z_bar"] - a["log_z_bar"], -2.5, delta=1e-6)
        self.assertAlmostEqual(b["test_log_likelihood"], a["test_log_likelihood"], delta=1e-6)
        # the baselines: a normal law fitted to 1000 rows cannot beat the true one by more than luck
        self.assertLess(a["baseline_gaussian"], exact)
        self.assertGreater(a["baseline_gaussian"], exact - 4)
        self.assertLess(a["baseline_gmm10"], a["baseline_gaussian"])

    def normal_case_again(self, d, shift):
        """The same law, another constant."""
        self.rng = np.random.default_rng(20)
        self.normal_case(d, shift)

    def test_ring_both_ways(self):
        d, b, J = 64, 1.5, 2.0
        rows = E.ring_samples(d, b, J, 2500, self.rng)
        E.write_data(self.path("data.h5"), train=rows[:2000], test=rows[2000:])
        E.save(E.Ring(b, J), self.path("ring.pt"))
        exact = E.ring_log_z(d, b, J)
        self.assertAlmostEqual(exact, -15.909845, delta=1e-6)
        got = self.likelihood("ring.pt", "--temperatures", "1000", "--particles", "256",
                              "--no-baselines")
        for name in ("log_z_lower", "log_z_upper_data", "log_z_bar_data", "log_z_bar"):
            self.assertAlmostEqual(got[name], exact, delta=.25, msg=name)
        self.assertTrue(got["closed"])
        self.assertLess(abs(got["crooks_slope"] - 1), 4 * got["crooks_slope_error"])
        with h5py.File(self.path("out/samples.h5")) as file:
            U = file["energy"][:]
        mean = float(np.mean([self.ring_energy(x, b, J) for x in rows]))
        self.assertAlmostEqual(U.mean(), mean, delta=.5)

    @staticmethod
    def ring_energy(x, b, J):
        return float((b * (x * x - 1) ** 2 + J / 2 * (np.roll(x, -1) - x) ** 2).sum())

    def test_not_closed_is_told(self):
        rows = E.ring_samples(32, 1, 1, 300, self.rng)
        E.write_data(self.path("data.h5"), samples=rows)
        E.save(E.Ring(1.0, 1.0, factor=3.0), self.path("steep.pt"))
        got = self.likelihood("steep.pt", "--temperatures", "3", "--particles", "16", "--ladders",
                              "4", "--burn-in", "2", "--steps", "4")
        self.assertFalse(got["closed"])
        self.assertNotIn("test_log_likelihood", got)
        self.assertNotIn("baseline_gaussian", got)  # the file has no split

    def test_samples_of_a_file_with_its_reference(self):
        d = 12
        rows = E.ring_samples(d, 1, 1, 2000, self.rng)
        C = np.cov(rows.T)
        E.save(E.Ring(1.0, 1.0, reference=(rows.mean(0), np.linalg.cholesky(C))),
               self.path("ring.pt"))
        words = ["sample", "ring.pt", "--count", "600", "--burn-in", "100", "--replicas", "8",
                 "--thin", "10"]
        for name, ranks in (("one", 1), ("three", 3)):
            status, text = run([*words, "--npy", "-o", name], self.folder.name, ranks)
            self.assertEqual(status, 0, text)
        with h5py.File(self.path("one/samples.h5")) as one, \
             h5py.File(self.path("three/samples.h5")) as three:
            x = one["samples"][:]
            np.testing.assert_array_equal(x, three["samples"][:])
            for name in ("one", "three"):
                np.testing.assert_array_equal(x, np.load(self.path(f"{name}/samples.npy")))
            np.testing.assert_array_equal(one["energy"][:], three["energy"][:])
        self.assertEqual(x.shape, (600, d))
        self.assertAlmostEqual(np.mean(x * x), np.mean(rows * rows), delta=.05)
        got = self.summary("one", "sample")
        self.assertAlmostEqual(got["log_z_bar"], E.ring_log_z(d, 1, 1), delta=.15)
        self.assertGreater(got["reference_descendants"], .5)

    def test_bad_input(self):
        rows = self.rng.normal(size=(40, 3))
        E.save(E.Ring(1.0, 1.0), self.path("ring.pt"))
        E.write_data(self.path("data.h5"), samples=rows)
        bad = rows.copy()
        bad[7, 1] = np.nan
        E.write_data(self.path("nan.h5"), samples=bad)
        bad = rows.copy()
        bad[:, 2] = 1
        E.write_data(self.path("constant.h5"), samples=bad)
        E.write_data(self.path("one.h5"), samples=rows[:1])
        E.write_data(self.path("parts.h5"), train=rows, test=rows[:, :2])
        E.save(E.Ring(1.0, 1.0, reference=(np.zeros(2), np.eye(2))), self.path("two.pt"))
        with open(self.path("no.pt"), "w", encoding="utf-8") as file:
            file.write("hello")
        E.write_data(self.path("words.h5"), samples=rows)
        with h5py.File(self.path("words.h5"), "a") as file:
            file.attrs["noise"] = "much"
        E.write_data(self.path("noises.h5"), samples=rows)
        with h5py.File(self.path("noises.h5"), "a") as file:
            file.attrs["noise"] = np.full(3, .1)
        E.write_data(self.path("other.h5"), rows=rows)
        E.write_data(self.path("large.h5"), samples=1e200 * rows)
        E.save(E.Ring(1.0, np.nan), self.path("nan.pt"))
        cases = [
            (["likelihood"], ("--data",)),
            (["likelihood", "ring.pt", "--data", "words.h5"], ("words.h5", "attribute noise")),
            (["likelihood", "ring.pt", "--data", "noises.h5"], ("noises.h5", "attribute noise")),
            (["likelihood", "ring.pt", "--data", "other.h5"], ("other.h5", "/train", "/samples")),
            (["likelihood", "ring.pt", "--data", "large.h5"], ("large.h5", "rescale")),
            (["likelihood", "nan.pt", "--data", "data.h5"], ("nan.pt", "not a number")),
            (["sample", "nan.pt", "--data", "data.h5"], ("nan.pt", "not a number")),
            (["likelihood", "ring.pt"], ("--data",)),
            (["likelihood", "ring.pt", "--data", "none.h5"], ("none.h5", "no such file")),
            (["likelihood", "no.pt", "--data", "data.h5"], ("no.pt", "TorchScript")),
            (["likelihood", "ring.pt", "--data", "nan.h5"], ("nan.h5", "row 8", "finite")),
            (["likelihood", "ring.pt", "--data", "constant.h5"], ("constant.h5", "coordinate 3")),
            (["likelihood", "ring.pt", "--data", "one.h5"], ("one.h5", "two")),
            (["likelihood", "ring.pt", "--data", "parts.h5"], ("parts.h5", "columns")),
            (["likelihood", "two.pt", "--data", "data.h5"], ("two.pt", "2 dimensions", "3")),
            (["likelihood", "ring.pt", "--data", "data.h5", "--noise", "-1"], ("--noise -1",)),
            (["sample"], ("ENERGY.pt",)),
            (["sample", "ring.pt"], ("ring.pt", "--data")),
            (["sample", "two.pt", "--replicas", "1"], ("--replicas 1",)),
            (["sample", "two.pt", "--count", "many"], ("--count many",)),
            (["sample", "two.pt", "--replica", "4"], ("--replicas",)),
        ]
        for number, (words, expected) in enumerate(cases):
            with self.subTest(words=words):
                status, text = run(words, self.folder.name, 1 if number % 4 else 2)
                self.assertEqual(status, 2, text)
                for word in expected:
                    self.assertIn(word, text)
        self.assertFalse(os.path.exists(self.path("out")))


if __name__ == "__main__":
    unittest.main()
