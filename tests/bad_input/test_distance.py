"""`otto distance` as a user meets it: what it leaves, on any number of ranks and from any folder, and
its answers to bad files and options."""

import csv
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np

from test_bad_input import FOREIGN, OTTO, PATIENCE, otto


def rows_of(name):
    """Lines of a file that may not be there yet."""
    if not os.path.exists(name):
        return 0
    with open(name, encoding="utf-8") as file:
        return len(file.readlines())


def eventually(happens, seconds=60):
    """Whether it happens in time."""
    end = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.05)
    return False


def write(name, cells=(12, 10), upper=(1.0, 1.0), mean=0.4, change=None, leave_out=(), order=None):
    """A Gaussian of mass 1 in the layout of final.h5; `change` edits the columns."""
    axes = [u * (np.arange(n) + 0.5) / n for n, u in zip(cells, upper)]
    grid = np.meshgrid(*axes, indexing="ij")
    volume = np.prod([u / n for n, u in zip(cells, upper)])
    density = np.exp(-sum((x - mean)**2 for x in grid) / 0.02).ravel()
    columns = {"center": np.stack([x.ravel() for x in grid], axis=1),
               "volume": np.full(density.size, volume),
               "density": density / (volume * density.sum())}
    if change:
        change(columns)
    with h5py.File(name, "w") as file:
        file.create_group("cells")
        for key, values in columns.items():
            if key not in leave_out:
                file["cells"][key] = values if order is None else values[order]


def put(column, row, value):
    def change(columns):
        columns[column][row] = value
    return change


def twice(columns):
    columns["density"] *= 2


def uneven(columns):
    columns["center"][:, 0] = columns["center"][:, 0]**2


def short(columns):
    for key in columns:
        columns[key] = columns[key][1:]


def doubled(columns):
    columns["center"][3] = columns["center"][4]


def empty(columns):
    columns["density"][:] = 0


# name, what is special about B.h5 (None: no file), words the message must have
FILES = [
    ("missing file", None, ("no such file",)),
    ("no density", {"leave_out": ("density",)}, ("/cells/density",)),
    ("no centres", {"leave_out": ("center",)}, ("/cells/center",)),
    ("not a number", {"change": put("density", 7, np.nan)}, ("density is nan", "finite")),
    ("negative", {"change": put("density", 7, -1e-3)}, ("-0.001", "not negative")),
    ("infinite", {"change": put("density", 7, np.inf)}, ("density is inf",)),
    ("centre not a number", {"change": put("center", 7, np.nan)}, ("not finite",)),
    ("twice the mass", {"change": twice}, ("A.h5", "different masses")),
    ("no mass", {"change": empty}, ("A.h5", "different masses")),
    ("other cells", {"cells": (12, 11)}, ("A.h5", "different boxes", "in 11")),
    ("other box", {"upper": (1.0, 2.0)}, ("A.h5", "different boxes", "[0, 2]")),
    ("other dimension", {"cells": (12,), "upper": (1.0,)}, ("A.h5", "different boxes")),
    ("uneven cells", {"change": uneven}, ("along x", "equal cells")),
    ("a cell is missing", {"change": short}, ("119 cells", "fill a box")),
    ("a cell is there twice", {"change": doubled}, ("row for the cell centre",)),
    ("wrong volumes", {"change": put("volume", 0, 3.0)}, ("/cells/volume is 3",)),
    ("one cell along an axis", {"cells": (12, 1)}, ("one cell along y",)),
]

OPTIONS = [
    ("no file", ["distance"], ("two densities",)),
    ("one file", ["distance", "A.h5"], ("two densities",)),
    ("three files", ["distance", "A.h5", "B.h5", "C.h5"], ("'C.h5'", "too many")),
    ("unknown option", ["distance", "A.h5", "B.h5", "--intervalls", "8"], ("--intervals",)),
    ("no intervals", ["distance", "A.h5", "B.h5", "--intervals", "1"], ("--intervals 1", "from 2")),
    ("half", ["distance", "A.h5", "B.h5", "--intervals", "2.5"], ("--intervals 2.5",)),
    ("no tolerance", ["distance", "A.h5", "B.h5", "--tolerance", "0"], ("--tolerance 0",)),
    ("tolerance nan", ["distance", "A.h5", "B.h5", "--tolerance", "nan"], ("--tolerance nan",)),
    ("a word", ["distance", "A.h5", "B.h5", "--max-iterations", "ten"], ("--max-iterations ten",)),
    ("PETSc", ["distance", "A.h5", "B.h5", "--", "-ksp_rtol", "1"], ("no PETSc options",)),
    ("unknown command", ["distanc", "A.h5", "B.h5"], ("did you mean 'distance'",)),
]


class Distance(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name
        write(os.path.join(self.path, "A.h5"))
        write(os.path.join(self.path, "B.h5"), mean=0.6)

    def tearDown(self):
        self.folder.cleanup()

    def refused(self, arguments, words, ranks):
        done = otto(arguments, self.path, ranks)
        self.assertEqual((done.returncode, done.stderr.count("otto: ")), (2, 1), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotRegex(done.stderr, FOREIGN)

    def test_bad_files(self):
        for number, (name, change, words) in enumerate(FILES):
            with self.subTest(name):
                file = os.path.join(self.path, "B.h5")
                os.path.exists(file) and os.remove(file)
                if change is not None:
                    write(file, **{"mean": 0.6, **change})
                self.refused(["distance", "A.h5", "B.h5"], ("B.h5", *words), 1 if number % 3 else 3)

    def test_a_damaged_file(self):
        file = os.path.join(self.path, "B.h5")
        with open(file, "rb") as whole:
            content = whole.read()
        for damaged in (b"", b"not HDF5", content[:len(content) // 2]):
            with open(file, "wb") as out:
                out.write(damaged)
            self.refused(["distance", "A.h5", "B.h5"], ("B.h5",), 1)
            self.refused(["distance", "B.h5", "A.h5"], ("B.h5",), 3)

    def test_bad_options(self):
        for name, arguments, words in OPTIONS:
            with self.subTest(name):
                self.refused(arguments, words, 1)

    def test_what_it_leaves(self):
        rows = np.random.default_rng(1).permutation(120)
        write(os.path.join(self.path, "B.h5"), mean=0.6, order=rows, leave_out=("volume",))
        finals, distances = [], []
        for ranks, words in [(1, []), (2, []), (3, ["-o", "deep/er"])]:
            done = otto(["distance", "A.h5", "B.h5", "--intervals", "8", *words],
                                     self.path, ranks)
            self.assertEqual(done.returncode, 0, done.stderr)
            out = os.path.join(self.path, *(["deep", "er"] if words else ["out", "distance"]))
            with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
                summary = json.load(file)
            d = summary["distance"]
            self.assertEqual((summary["status"], summary["ranks"]), ("completed", ranks))
            self.assertEqual(summary["mesh"], {"kind": "box", "dimension": 2, "cells": 120})
            self.assertAlmostEqual(d["w2"]**2, d["w2_squared"], 12)
            self.assertTrue(d["lower"] <= d["w2_squared"] <= d["upper"])
            self.assertLessEqual(d["gap"], 2e-3 * d["upper"])
            self.assertAlmostEqual(d["w2"], 0.2 * 2**0.5, 2)
            distances.append(d["w2"])
            with h5py.File(os.path.join(out, "final.h5")) as file:
                self.assertEqual(file.attrs["time"], 0.5)
                finals.append(file["cells/density"][()])
            with open(os.path.join(out, "fields", "density.hdf.series"), encoding="utf-8") as file:
                times = [entry["time"] for entry in json.load(file)["files"]]
            self.assertEqual(times, [k / 8 for k in range(9)])
            with open(os.path.join(out, "history.csv"), encoding="utf-8") as file:
                history = list(csv.DictReader(file))
            self.assertEqual(int(history[-1]["iteration"]), d["iterations"])
            self.assertAlmostEqual(float(history[-1]["gap"]), d["gap"], 12)
        for other, w2 in zip(finals[1:], distances[1:]):
            self.assertAlmostEqual(w2, distances[0], 9)
            np.testing.assert_allclose(other, finals[0], atol=1e-8)

    def test_stops_on_a_signal(self):
        for name in ("A.h5", "B.h5"):
            write(os.path.join(self.path, name), cells=(64, 64), mean=0.4 if name == "A.h5" else 0.6)
        for sent in (signal.SIGTERM, signal.SIGINT):
            words = [OTTO, "distance", "A.h5", "B.h5", "-o", "stopped", "--tolerance", "1e-12",
                     "--max-iterations", "100000000"]
            with subprocess.Popen(words, cwd=self.path, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True) as child:
                history = os.path.join(self.path, "stopped", "history.csv")
                self.assertTrue(eventually(lambda: rows_of(history) > 3), "it did not begin")
                child.send_signal(sent)
                text, _ = child.communicate(timeout=120 * PATIENCE)
            self.assertEqual(child.returncode, 75, text)
            with open(os.path.join(self.path, "stopped", "summary.json"), encoding="utf-8") as file:
                summary = json.load(file)
            self.assertEqual((summary["status"], summary["reason"]),
                             ("stopped", "a signal asked for it"))
            self.assertLessEqual(summary["distance"]["lower"], summary["distance"]["w2_squared"])
            with h5py.File(os.path.join(self.path, "stopped", "final.h5")) as file:
                self.assertEqual(file.attrs["time"], 0.5)
            os.remove(history)

    def test_bounds_that_do_not_meet_are_a_failure(self):
        done = otto(["distance", "A.h5", "B.h5", "--max-iterations", "20",
                                  "--tolerance", "1e-9"], self.path, 2)
        self.assertEqual((done.returncode, done.stderr.count("otto: ")), (3, 1), done.stderr)
        self.assertIn("--max-iterations", done.stderr)
        with open(os.path.join(self.path, "out/distance/summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        self.assertEqual(summary["status"], "failed")
        self.assertLessEqual(summary["distance"]["lower"], summary["distance"]["upper"])

    def test_a_folder_that_cannot_be_made(self):
        done = otto(["distance", "A.h5", "B.h5", "-o", "A.h5/out"], self.path, 2)
        self.assertEqual((done.returncode, done.stderr.count("otto: ")), (4, 1), done.stderr)


if __name__ == "__main__":
    unittest.main()
