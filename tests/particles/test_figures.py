"""Figures of samples that come from ladders, as bench/digits tells them: the order of the samples, an entropy without the bias of
few independent labels, its error."""

import importlib.machinery
import importlib.util
import os
import sys
import unittest

import numpy as np

BENCH = os.path.join(os.path.dirname(__file__), "..", "..", "bench")


def load(name):
    sys.path.insert(0, BENCH)
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(BENCH, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.digits = load("digits")

    def test_order_of_ladders(self):
        # two blocks of eight ladders, three steps each: ladder after ladder within a step
        rows = self.digits.by_ladder(np.arange(48), 16)
        self.assertEqual(rows[0].tolist(), [0, 8, 16])
        self.assertEqual(rows[9].tolist(), [25, 33, 41])

    def test_entropy_without_bias(self):
        """Forty ladders whose labels stay for a dozen steps: their entropy is too low by .05, that of the jackknife right."""
        rng = np.random.default_rng(0)
        p = np.array([.05, .08, .1, .1, .1, .1, .1, .1, .12, .15])
        exact = -np.sum(p * np.log(p))
        plain, better, error = [], [], []
        for _ in range(60):
            labels = rng.choice(10, (40, 35), p=p)
            stays = rng.random((40, 35)) < .92
            for k in range(1, 35):
                labels[:, k] = np.where(stays[:, k], labels[:, k - 1], labels[:, k])
            counts = np.stack([np.bincount(row, minlength=10) for row in labels])
            plain.append(self.digits.entropy(counts.sum(0)))
            found = self.digits.jackknife(counts)
            better.append(found[0])
            error.append(found[1])
        self.assertLess(np.mean(plain), exact - .035)
        self.assertAlmostEqual(np.mean(better), exact, delta=.015)
        self.assertAlmostEqual(np.mean(error) / np.std(better), 1, delta=.4)


if __name__ == "__main__":
    unittest.main()
