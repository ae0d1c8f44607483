"""`otto train` without a mesh: its bits on any number of ranks and across a stop, figures of known laws, and what it refuses."""

import csv
import filecmp
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np
import torch

for path in (os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")):
    sys.path.insert(0, path)
import energies as E
from answers import otto

OTTO = os.environ["OTTO"]
SLICE = os.path.join(os.path.dirname(__file__), "..", "..", "postprocess", "slice_energy")

SMALL = """
[data]
samples = "data.h5"
[network]
kind = "mlp"
widths = [16, 16]
[train]
objective = "{objective}"
iterations = 24
batch = 96
judge = 12
learning_rate = 0.005
[particles]
count = 200
steps = 2
"""


class Train(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.rng = np.random.default_rng(33)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, text, name="case.toml"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def mixture(self, n):
        """Two normals in five dimensions."""
        side = self.rng.integers(0, 2, n)
        return self.rng.normal(size=(n, 5)) * .5 + np.where(side == 1, 1.0, -1.0)[:, None]

    def make_data(self):
        rows = self.mixture(500)
        E.write_data(self.path("data.h5"), train=rows[:400], validation=rows[400:450],
                     test=rows[450:])

    def run_otto(self, *words, ranks=1, command="train"):
        done = otto([command, "case.toml", *words], self.folder.name, ranks)
        return done.returncode, done.stdout + done.stderr

    def train(self, out, *words, ranks=1):
        status, text = self.run_otto("-o", out, *words, ranks=ranks)
        self.assertEqual(status, 0, text)
        with open(self.path(f"{out}/summary.json"), encoding="utf-8") as file:
            return json.load(file)["train"]

    def same_energy(self, a, b):
        self.assertTrue(filecmp.cmp(self.path(f"{a}/energy.pt"), self.path(f"{b}/energy.pt"),
                                    shallow=False), f"{a} and {b} differ")

    def history(self, out):
        with open(self.path(f"{out}/history.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            del row["seconds"]
        return rows

    def test_ranks_leave_no_trace(self):
        self.make_data()
        for objective in ("fisher", "proximal", "wasserstein_natural"):
            self.write(SMALL.format(objective=objective))
            one = self.train(f"{objective}1")
            self.assertEqual(one["heldout"], 50)
            for ranks in (2, 3, 4) if objective == "proximal" else (3,):
                self.train(f"{objective}{ranks}", ranks=ranks)
                self.same_energy(f"{objective}1", f"{objective}{ranks}")
                self.assertEqual(self.history(f"{objective}1"),
                                 self.history(f"{objective}{ranks}"))

    def test_ranks_leave_no_trace_on_samplers(self):
        self.make_data()
        for number, (objective, settings) in enumerate((
                ("contrastive_divergence", ["train.sampler=tempered", "particles.replicas=4"]),
                ("wasserstein_natural", ["train.sampler=weighted"]),
                ("contrastive_divergence", ["particles.kernel=underdamped"]),
                ("proximal", ["particles.kernel=ula", "particles.step=0.05"]),
                ("noise_contrastive", ["particles.count=300"]),
                ("denoising", ["data.noise=0.3"]))):
            with self.subTest(objective=objective, settings=settings):
                case = SMALL.format(objective=objective)
                if objective in ("noise_contrastive", "denoising"):
                    case = case[:case.index("[particles]")]
                self.write(case + "[checkpoint]\nevery_steps = 11\nkeep = 9\n")
                words = [w for s in settings for w in ("--set", s)]
                self.train(f"one{number}", *words)
                self.train(f"three{number}", *words, ranks=3)
                self.same_energy(f"one{number}", f"three{number}")
                self.assertEqual(self.history(f"one{number}"), self.history(f"three{number}"))
                first = sorted(f for f in os.listdir(self.path(f"one{number}/checkpoints"))
                               if f.endswith(".json"))[0]
                self.train(f"again{number}", *words, "--resume", f"one{number}/checkpoints/{first}",
                           ranks=2)
                self.same_energy(f"one{number}", f"again{number}")
                self.assertEqual(self.history(f"one{number}"), self.history(f"again{number}"))
        tracked = [row["tracked_log_z"] for row in self.history("one1")]
        self.assertTrue(any(tracked), "log Z was never followed")

    def test_resume_to_the_bit(self):
        self.make_data()
        for objective, sampler in (("gradient_penalty", "persistent"),
                                   ("wasserstein_natural", "persistent"),
                                   ("contrastive_divergence", "short_run")):
            with self.subTest(objective=objective):
                self.write(SMALL.format(objective=objective)
                           + "[checkpoint]\nevery_steps = 11\nkeep = 9\n")
                at = ["--set", f"train.sampler={sampler}"]
                whole, again = f"whole_{objective}", f"again_{objective}"
                self.train(whole, *at)
                first = sorted(f for f in os.listdir(self.path(f"{whole}/checkpoints"))
                               if f.endswith(".json"))[0]
                self.train(again, *at, "--resume", f"{whole}/checkpoints/{first}", ranks=2)
                self.same_energy(whole, again)
                self.assertEqual(self.history(whole), self.history(again))

    def stop(self, *words, before=lambda: None):
        """Sends SIGTERM once history.csv is there, after `before`; the status and what was said."""
        with subprocess.Popen([OTTO, "train", "case.toml", "-o", "out", *words],
                              cwd=self.folder.name, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as running:
            for _ in range(2000):
                if os.path.exists(self.path("out/history.csv")):
                    break
                time.sleep(.01)
            before()
            running.send_signal(signal.SIGTERM)
            text = running.communicate(timeout=300)[0]
        return running.returncode, text

    def test_a_removed_history_is_told(self):
        self.make_data()
        self.write(SMALL.format(objective="proximal"))
        status, text = self.stop("--set", "train.iterations=100000",
                                 before=lambda: os.remove(self.path("out/history.csv")))
        self.assertEqual(status, 4, text)
        self.assertIn("history.csv", text)

    def test_stopped_and_resumed(self):
        self.make_data()
        self.write(SMALL.format(objective="proximal"))
        many = ["--set", "train.iterations=400"]
        self.train("whole", *many)
        _, text = self.stop(*many)
        with open(self.path("out/summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        self.assertEqual(summary["status"], "stopped", text)
        self.assertLess(summary["train"]["iterations"], 400)
        self.train("out", *many, "--resume", "auto")
        self.same_energy("whole", "out")
        self.assertEqual(self.history("whole"), self.history("out"))

    def test_mean_of_members(self):
        self.make_data()
        self.write(SMALL.format(objective="contrastive_divergence") + "[checkpoint]\nevery_steps = 7\nkeep = 99\n")
        self.train("single")
        single = torch.jit.load(self.path("single/energy.pt"))
        x = torch.tensor(self.mixture(50))
        # with weights and particles of their own, and going on from one another
        for name, words, end, stops in (("fresh", [], 72, (4, 9)), ("cycles", ["train.member_iterations=8"], 40, (1, 4))):
            words = [w for s in ["train.members=3", *words] for w in ("--set", s)]
            got, rows = self.train(name, *words), self.history(name)
            self.assertEqual((got["members"], got["iterations"]), (3, end))
            self.assertEqual([int(row["iteration"]) for row in rows], list(range(end + 1)))
            network = torch.jit.load(self.path(f"{name}/energy.pt"))
            alone = [getattr(network, f"member_{k}")(x) for k in range(3)]
            self.assertEqual((single(x) - alone[0]).abs().max(), 0)
            for k in (0, 1):
                self.assertGreater((alone[k] - alone[k + 1]).abs().max(), 1e-3)
            self.assertLess((network(x) - sum(alone) / 3).abs().max(), 1e-12)
            best = got["members_heldout_log_likelihood"]
            # not below the mean of theirs, but for the error of log Z, some hundredths here
            self.assertGreater(got["heldout_log_likelihood"], np.mean(best) - .05)
            looks = [float(row["heldout_log_likelihood"]) for row in rows if row["heldout_log_likelihood"]]
            self.assertEqual(best[0], max(looks[:2]))
            self.assertIn(best[2], looks[2:])
            seals = sorted(f for f in os.listdir(self.path(f"{name}/checkpoints")) if f.endswith(".json"))
            for number in stops:  # in members of their own
                again = f"{name}{number}"
                self.train(again, *words, "--resume", f"{name}/checkpoints/{seals[number]}", ranks=2)
                self.same_energy(name, again)
                self.assertEqual(rows, self.history(again))

    def test_normal_data(self):
        """A quadratic energy ends as the data's own normal law."""
        d = 6
        A = self.rng.normal(size=(d, d)) / np.sqrt(d) + np.eye(d)
        rows = self.rng.normal(size=(3000, d)) @ A.T
        E.write_data(self.path("data.h5"), train=rows[:2000], validation=rows[2000:], test=rows)
        self.write("""
[data]
samples = "data.h5"
[network]
kind = "quadratic"
reference = "none"
[train]
iterations = 120
batch = 2000
[particles]
count = 2048
""")
        got = self.train("out")
        self.assertEqual(got["parameters"], d * d)
        C = A @ A.T
        entropy = .5 * np.linalg.slogdet(2 * np.pi * np.e * C)[1]
        self.assertAlmostEqual(got["heldout_log_likelihood"], -entropy, delta=.25)
        network = torch.jit.load(self.path("out/energy.pt"))
        x = torch.tensor(rows[:200])
        x.requires_grad_()
        slope, = torch.autograd.grad(network(x).sum(), x)
        exact = (rows[:200] - rows[:2000].mean(0)) @ np.linalg.inv(np.cov(rows[:2000].T))
        self.assertLess(np.abs(slope.numpy() - exact).mean() / np.abs(exact).mean(), .03)

    def test_a_cut_on_a_grid(self):
        """A plane through a normal energy in five dimensions has the conditional law of its two axes."""
        d, axes = 5, [1, 3]
        L = np.tril(self.rng.normal(size=(d, d)) * .3) + np.eye(d)
        mean, origin = self.rng.normal(size=d), self.rng.normal(size=d)
        E.save(E.Normal(mean, L, 0.0), self.path("normal.pt"))
        subprocess.run([sys.executable, SLICE, "normal.pt", "cut.pt", "--axes", *map(str, axes),
                        "--origin", *map(str, origin)], cwd=self.folder.name, check=True)
        P = np.linalg.inv(L @ L.T)
        rest = [k for k in range(d) if k not in axes]
        Paa = P[np.ix_(axes, axes)]
        # the cut's coordinates count from the origin
        centre = mean[axes] - origin[axes] - np.linalg.solve(
            Paa, P[np.ix_(axes, rest)] @ (origin[rest] - mean[rest]))
        lower, upper = centre - 7, centre + 7
        self.write(f"""
[mesh]
kind = "box"
lower = {lower.tolist()}
upper = {upper.tolist()}
cells = [48, 48]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
network = "cut.pt"
[initial]
kind = "gibbs"
[time]
scheme = "implicit_euler"
step = 0.1
end = 0.1
""")
        status, text = self.run_otto("-o", "run", command="run")
        self.assertEqual(status, 0, text)
        with h5py.File(self.path("run/final.h5")) as file:
            x, density = file["cells/center"][()], file["cells/density"][()]
        y = x - centre
        exact = np.exp(-.5 * np.einsum("ni,ij,nj->n", y, Paa, y)) * np.sqrt(np.linalg.det(Paa)) / 2 / np.pi
        self.assertLess(np.abs(density - exact).max(), 1e-3 * exact.max())

    def test_test_rows_never_enter(self):
        self.make_data()
        self.write(SMALL.format(objective="contrastive_divergence"))
        self.train("a")
        with h5py.File(self.path("data.h5"), "a") as file:
            file["test"][...] = self.rng.normal(size=file["test"].shape) * 9
        self.train("b")
        self.same_energy("a", "b")

    def test_ring_by_natural_steps(self):
        self.write("""
[data]
target = "ring"
dimension = 16
count = 6000
[network]
kind = "clique"
widths = [12, 12]
[train]
iterations = 60
batch = 6000
[particles]
count = 2048
steps = 4
""")
        got = self.train("out", "--set", "train.judge=30")
        self.assertLess(got["kl"], .03)  # by the transfer matrix; the normal law's is above 1
        law = 11.8262 + 2.733814  # E U + log Z of docs/particles.md: no energy beats the entropy
        self.assertAlmostEqual(got["heldout_log_likelihood"], -law - got["kl"], delta=.25)

    def test_check(self):
        self.make_data()
        self.write(SMALL.format(objective="fisher"))
        status, text = self.run_otto(command="check")
        self.assertEqual(status, 0, text)
        self.assertIn("400 samples in 5 dimensions and 50 held out, 200 particles", text)

    def test_bad_input(self):
        self.make_data()
        rows = self.mixture(40)
        bad = rows.copy()
        bad[6, 2] = np.inf
        E.write_data(self.path("inf.h5"), samples=bad)
        bad[6, 2] = 1e300
        E.write_data(self.path("huge.h5"), samples=bad)
        E.write_data(self.path("parts.h5"), train=rows, validation=rows[:, :2])
        bad = rows.copy()
        bad[:, 4] = 2
        E.write_data(self.path("constant.h5"), samples=bad)
        bad[:, 4] = rows[:, 0] + rows[:, 1]
        E.write_data(self.path("flat.h5"), samples=bad)
        E.write_data(self.path("one.h5"), samples=rows[:1])
        E.write_data(self.path("small.h5"), samples=1e-200 * rows)
        E.save(E.Ring(1.0, 1.0), self.path("fixed.pt"))
        np.save(self.path("wide.npy"), np.zeros((2, 9000)))
        good = SMALL.format(objective="contrastive_divergence")
        mesh = "[mesh]\nkind = \"box\"\nlower = [-3, -3]\nupper = [3, 3]\ncells = [8, 8]\n"
        cases = [
            (["data.samples=none.h5"], ("none.h5", "no such file")),
            (["data.samples=inf.h5"], ("inf.h5", "row 7", "finite")),
            (["data.samples=huge.h5"], ("huge.h5", "row 7", "1e100")),
            (["data.samples=parts.h5"], ("parts.h5", "another part has 2")),
            (["data.samples=constant.h5"], ("--set data.samples=constant.h5: coordinate 5", "noise")),
            (["data.samples=flat.h5"], ("fewer dimensions", "noise")),
            (["data.samples=one.h5"], ("1 sample ", "two")),
            (["data.samples=wide.npy"], ("9000", "8192")),
            (["data.samples=small.h5"], ("rescale",)),
            (["network.file=fixed.pt"], ("fixed.pt", "no parameter")),
            (["data.heldout=0.999", "data.samples=flat.h5"], ("train on",)),
            (["data.target=ring"], ("data.samples", "data.target")),
            (["data.library=cos"], ("data.library", "[mesh]")),
            (["data.noise=-1"], ("data.noise",)),
            (["network.kind=conv"], ("network.image",)),
            (["network.kind=conv", "network.image=[2, 3]"], ("network.image", "must be 5")),
            (["network.kind=conv", "network.image=[5, 1]"], ("halved",)),
            (["network.kind=cnn"], ("network.kind", "conv")),
            (["network.widths=[100000000]"], ("parameters", "1e+08 at most")),
            (["network.file=none.pt"], ("network.file", "none.pt")),
            (["network.fastest=3"], ("network.fastest", "coordinates")),
            (["network.widths=[90, 90]", "train.objective=wasserstein_natural"],
             ("4096", "contrastive_divergence")),
            (["train.objective=jko"], ("train.objective", "[mesh]")),
            (["train.objective=denoising"], ("'denoising' moves no particles",)),
            (["train.objective=denoising", "-particles"], ("data.noise", "'denoising'")),
            (["train.objective=denoising", "data.target=ring", "-particles", "-samples"],
             ("data.target", "noise")),
            (["train.objective=noise_contrastive"], ("particles.steps", "'noise_contrastive'")),
            (["train.sampler=tempered", "particles.kernel=ula", "particles.step=0.1"],
             ("particles.kernel", "'tempered'", "mala")),
            (["train.sampler=weighted", "particles.kernel=ula", "particles.step=0.1"],
             ("particles.kernel", "'weighted'", "mala")),
            (["train.sampler=tempered", "particles.kernel=underdamped"],
             ("particles.kernel", "velocities")),
            (["particles.replicas=4"], ("particles.replicas", "tempered")),
            (["train.sampler=tempered", "particles.replicas=1"], ("particles.replicas",)),
            (["particles.friction=2"], ("particles.friction", "underdamped")),
            (["train.sampler=jko"], ("train.sampler", "persistent")),
            (["train.particles=9"], ("train.particles", "particles.count")),
            (["train.tolerance=0.1"], ("train.tolerance", "patience")),
            (["train.tau=2"], ("train.tau", "proximal")),
            (["train.batch=0"], ("train.batch",)),
            (["train.members=0"], ("train.members",)),
            (["train.member_iterations=5"], ("train.member_iterations", "train.members")),
            (["train.member_iterations=5", "train.members=2", "train.patience=2"], ("train.patience", "member_iterations")),
            (["particles.count=1"], ("particles.count",)),
            (["particles.kernel=ula"], ("particles.step", "ula")),
            (["particles.acceptance=1"], ("particles.acceptance",)),
            (["particles.number=4"], ("particles.number", "count")),
        ]
        for number, (settings, expected) in enumerate(cases):
            with self.subTest(settings=settings):
                words = [w for s in settings if s[0] != "-" for w in ("--set", s)]
                case = good
                if "network.kind=conv" in settings:
                    case = case.replace("widths = [16, 16]\n", "")
                if "-particles" in settings:
                    case = case[:case.index("[particles]")]
                if "-samples" in settings:
                    case = case.replace("samples = \"data.h5\"\n", "")
                self.write(case)
                # what is wrong with a case comes to light in `check` as well
                status, text = self.run_otto("-o", "out", *words, ranks=1 if number % 5 else 2,
                                             command="train" if number % 2 else "check")
                self.assertEqual(status, 2, text)
                for word in expected:
                    self.assertIn(word, text)
        self.assertFalse(os.path.exists(self.path("out/energy.pt")))
        grid = mesh + "[data]\nlibrary = \"cos\"\n"
        for text, expected in ((grid + "[particles]\ncount = 4\n", "[particles]"),
                               (grid + "[train]\nbatch = 4\n", "train.batch"),
                               (grid + "[train]\nobjective = \"proximal\"\n", "'proximal'"),
                               (grid + "[network]\nkind = \"clique\"\n", "'clique'")):
            with self.subTest(case=text):
                self.write(text)
                status, answer = self.run_otto("-o", "out")
                self.assertEqual(status, 2, answer)
                self.assertIn(expected, answer)

    def test_explosion_is_told(self):
        self.make_data()
        self.write(SMALL.format(objective="contrastive_divergence"))
        status, text = self.run_otto("-o", "out", "--set", "particles.kernel=ula", "--set",
                                     "particles.step=5", "--set", "train.iterations=3000")
        self.assertEqual(status, 3, text)
        self.assertIn("particles.step", text)

    def test_proximal_steps_by_ula_need_a_penalty(self):
        """Twice the step is wider than the data: without the penalty, which is the default, U steepens without end."""
        self.make_data()
        self.write(SMALL.format(objective="proximal"))
        largest = {}
        for out, more in (("kept", []), ("lost", ["train.penalty=0"])):
            words = [w for s in ("particles.kernel=ula", "particles.step=0.2", "train.iterations=600", "train.judge=0",
                                 "train.learning_rate=0.01", *more) for w in ("--set", s)]
            self.train(out, *words)
            largest[out] = max(abs(float(row["gap"])) for row in self.history(out) if row["gap"])
        self.assertLess(largest["kept"], 25)
        self.assertGreater(largest["lost"], 1000)


if __name__ == "__main__":
    unittest.main()
