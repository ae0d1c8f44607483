"""otto sweep as a user meets it: a folder for each run, one table, and nothing run twice."""

import csv
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ["OTTO"]
CASE = """
title = "Relaxation in a harmonic well"
[mesh]
lower = [-4.0]
upper = [4.0]
cells = [64]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "0.5*x^2"
[initial]
kind = "gaussian"
mean = [1.0]
variance = 0.5
[time]
scheme = "implicit_euler"
step = 0.1
end = 1.0
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Sweep(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.case = os.path.join(scratch.name, "well.toml")
        with open(self.case, "w", encoding="utf-8") as file:
            file.write(CASE)
        self.out = os.path.join(scratch.name, "out put")

    def command(self, *words, launch=()):
        return [*launch, OTTO, "sweep", self.case, "-o", self.out, *words]

    def sweep(self, *words, launch=()):
        return subprocess.run(self.command(*words, launch=launch), capture_output=True, text=True, timeout=300,
                              check=False, stdin=subprocess.DEVNULL)

    def rows(self):
        with open(os.path.join(self.out, "sweep.csv"), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def summary(self, *path):
        return json.loads(read(os.path.join(self.out, *path, "summary.json")))

    def assert_equals_single_runs(self, rows):
        for row in rows:
            single = os.path.join(self.out, "single")
            subprocess.run([OTTO, "run", self.case, "-o", single, "--set",
                            f"energy.temperature={row['energy.temperature']}", "--set", f"time.step={row['time.step']}"],
                           check=True, capture_output=True, stdin=subprocess.DEVNULL)
            alone = json.loads(read(os.path.join(single, "summary.json")))
            self.assertEqual(self.summary(row["run"])["fingerprint"], alone["fingerprint"])
            self.assertAlmostEqual(float(row["energy.final"]), alone["energy"]["final"], delta=1e-9)

    def test_a_row_for_every_combination(self):
        done = self.sweep("--over", "energy.temperature=0.5:1.5:3", "--over", "time.step=0.1,0.05", "--jobs", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = self.rows()
        self.assertEqual([(r["energy.temperature"], r["time.step"]) for r in rows],
                         [(t, s) for t in ("0.5", "1", "1.5") for s in ("0.1", "0.05")])
        self.assertEqual({r["status"] for r in rows}, {"completed"})
        self.assert_equals_single_runs(rows[:2])
        self.assertEqual(self.summary()["sweep"], {"runs": 6, "completed": 6})
        self.assertIn("| 0.5 | 0.1 | completed |", read(os.path.join(self.out, "sweep.md")))

    def test_values_of_equal_ratios_and_lists(self):
        self.assertEqual(self.sweep("--over", "energy.temperature=0.25:1:3:log").returncode, 0)
        self.assertEqual([r["energy.temperature"] for r in self.rows()], ["0.25", "0.5", "1"])
        self.assertEqual(self.sweep("--over", "mesh.cells=[16],[32]").returncode, 0)
        self.assertEqual([r["mesh.cells"] for r in self.rows()], ["[16]", "[32]"])
        self.assertEqual([r["mesh.cells.1"] if "mesh.cells.1" in r else r["mesh.cells"] for r in self.rows()],
                         ["[16]", "[32]"])

    def test_nothing_is_run_twice(self):
        words = ("--over", "energy.temperature=0.5:1.5:3")
        self.assertEqual(self.sweep(*words).returncode, 0)
        stamps = [os.stat(os.path.join(self.out, r["run"], "final.h5")).st_mtime_ns for r in self.rows()]
        first = read(os.path.join(self.out, "sweep.csv"))
        longer = self.sweep("--over", "energy.temperature=0.5:2:4")
        self.assertIn("4 runs, 3 of them done before", longer.stdout)
        self.assertEqual([os.stat(os.path.join(self.out, r["run"], "final.h5")).st_mtime_ns for r in self.rows()[:3]],
                         stamps)
        self.assertTrue(read(os.path.join(self.out, "sweep.csv")).startswith(first))
        self.assertFalse([f for f in os.listdir(self.out) if f.startswith("before")])
        other = self.sweep(*words, "--set", "time.end=0.5")
        self.assertIn("3 runs, 0 of them done before", other.stdout)

    def killed_and_resumed(self, number, expected):
        """A sweep that is ended in its middle, and the same command again."""
        words = ("--over", "energy.temperature=0.5:1.5:3", "--set", "time.step=2e-4", "--set", "checkpoint.every_steps=100")
        with subprocess.Popen(self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and not os.path.exists(os.path.join(self.out, "temperature=1",
                                                                                  "history.csv")):
                time.sleep(0.02)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=60), expected)
        finished = {r["run"]: os.stat(os.path.join(self.out, r["run"], "final.h5")).st_mtime_ns
                    for r in self.rows() if r["status"] == "completed"}
        self.assertIn("temperature=0.5", finished)
        again = self.sweep(*words)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn(f"3 runs, {len(finished)} of them done before", again.stdout)
        self.assertEqual({r["status"] for r in self.rows()}, {"completed"})
        for run, stamp in finished.items():
            self.assertEqual(os.stat(os.path.join(self.out, run, "final.h5")).st_mtime_ns, stamp)

    def test_goes_on_after_a_signal(self):
        self.killed_and_resumed(signal.SIGTERM, 75)

    def test_goes_on_after_a_kill(self):
        self.killed_and_resumed(signal.SIGKILL, -signal.SIGKILL)

    def test_a_run_that_fails_leaves_the_others(self):
        done = self.sweep("--over", 'initial.mean=[1.0],[1000.0],[0.5]')
        rows = self.rows()
        self.assertEqual([r["status"] for r in rows], ["completed", "failed", "completed"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("1 of 3 runs failed", done.stdout)
        self.assertIn("initial", read(os.path.join(self.out, "sweep.md")))

    def test_ranks_give_the_same_table(self):
        words = ("--over", "energy.temperature=0.5,1")
        self.assertEqual(self.sweep(*words).returncode, 0)
        before = [(r["run"], float(r["energy.final"])) for r in self.rows()]
        self.out += "3"
        done = self.sweep(*words, launch=("mpirun", "-n", "3", "--oversubscribe"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for row, (run, energy) in zip(self.rows(), before):
            self.assertEqual(row["run"], run)
            self.assertAlmostEqual(float(row["energy.final"]), energy, delta=1e-9)

    def test_bad_words(self):
        for words, message in (
                ((), "needs a key and its values"),
                (("--over", "time.step"), "it is written KEY=START:END:COUNT"),
                (("--over", "time.step=1:2"), "a range is START:END:COUNT"),
                (("--over", "time.step=a:2:3"), "START and END must be numbers"),
                (("--over", "time.step=1:2:0"), "COUNT must be a whole number"),
                (("--over", "time.step=1:2:1.5"), "COUNT must be a whole number"),
                (("--over", "time.step=0:2:3:log"), "equal ratios need positive ends"),
                (("--over", "time.step=0.1,0.1"), "the value 0.1 comes twice"),
                (("--over", "time.step=0.1,,0.2"), "a value is missing"),
                (("--over", "time.step=1:2:99999", "--over", "energy.temperature=1:2:99999"), "at most 100000"),
                (("--over", "time.step=0.1", "--over", "time.step=0.2"), "the key comes twice"),
                (("--over", "time.step=0.1", "--jobs", "0"), "--jobs 0: must be a whole number"),
                (("--over", "time.stepp=0.1"), "did you mean"),
                (("--over", "energy.temprature=0.1,0.2"), "did you mean 'temperature'"),
                (("--over", "mesh.cells=[16, 16]"), "mesh.lower")):
            done = self.sweep(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(message, done.stderr)
            self.assertFalse(os.path.exists(self.out), words)


if __name__ == "__main__":
    unittest.main()
