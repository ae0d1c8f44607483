"""`otto train` as a user meets it: what it leaves, stopped and resumed runs, and its answers to bad
input. What summary.json says is computed again with PyTorch from energy.pt."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

try:
    import torch
except ImportError:
    torch = None

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from answers import otto  # noqa: E402

OTTO = os.environ["OTTO"]
PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))
MODULE = os.path.join(os.path.dirname(OTTO), "libotto_torch.so")
SMALL = ["network.frequencies=6", "network.fastest=8.0", "network.widths=[8]"]

CASE = """
[mesh]
lower = [-4.0, -4.0]
upper = [4.0, 4.0]
cells = [24, 16]
[data]
{data}
[train]
iterations = 6
"""


def command(words, ranks=1):
    launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
    return [*launch, OTTO, *words]


class TrainTest(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(MODULE):
            self.skipTest("this build has no torch module")
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def words(self, data, out, settings=(), small=True, more=()):
        with open(self.path("case.toml"), "w", encoding="utf-8") as file:
            file.write(CASE.format(data=data))
        words = ["train", self.path("case.toml"), "-o", self.path(out), *more]
        for setting in [*(SMALL if small else []), *settings]:
            words += ["--set", setting]
        return words

    def train(self, data='library = "moons"', out="out", settings=(), status=0, ranks=1, **more):
        done = otto(self.words(data, out, settings, **more), ranks=ranks, timeout=300)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr

    def history(self, out="out"):
        with open(self.path(out, "history.csv"), newline="", encoding="utf-8") as file:
            return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]

    def summary(self, out="out"):
        with open(self.path(out, "summary.json"), encoding="utf-8") as file:
            return json.load(file)

    def network(self, out):
        with open(self.path(out, "energy.pt"), "rb") as file:
            return file.read()

    def rows(self, out):
        try:
            with open(self.path(out, "history.csv"), encoding="utf-8") as file:
                return file.read().count("\n") - 1
        except FileNotFoundError:
            return 0

    def energy(self, points, out="out"):
        with torch.no_grad():
            return torch.jit.load(self.path(out, "energy.pt"))(torch.from_numpy(points)).numpy()


def grid(cells):
    """Centres of [-4, 4]^2 in the order x fastest."""
    x, y = [-4 + 8 * (np.arange(n) + 0.5) / n for n in cells]
    return np.stack([np.tile(x, y.size), np.repeat(y, x.size)], axis=1)


def mixture(x):
    return np.exp(-((x - [1.0, -0.5])**2).sum(1)) + 0.5 * np.exp(-0.7 * ((x + [1.2, -1.0])**2).sum(1))


def write_table(name, cells, order=None, change=None):
    center = grid(cells)
    columns = {"center": center, "mass": mixture(center) + 1e-9}
    if change:
        change(columns)
    with h5py.File(name, "w") as file:
        for key, values in columns.items():
            file["cells/" + key] = values if order is None else values[order]


def same_names(own, activation):
    """A module with the parameters of Otto's network of one layer, under the same names."""

    class Twin(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, value in own.named_parameters():
                self.register_parameter(name, torch.nn.Parameter(value.detach().clone()))
            for name, value in own.named_buffers():
                self.register_buffer(name, value.clone())

        def hidden(self, x):
            z = (x - self.center) * self.scale
            p = torch.matmul(z, self.frequency)
            h = torch.cat([z, torch.sin(p), torch.cos(p)], 1)
            return torch.nn.functional.linear(h, self.weight_0, self.bias_0)

    class WithSilu(Twin):
        def forward(self, x):
            return torch.mv(torch.nn.functional.silu(self.hidden(x)), self.weight_out)

    class WithTanh(Twin):
        def forward(self, x):
            return torch.mv(torch.tanh(self.hidden(x)), self.weight_out)

    return torch.jit.script(WithSilu() if activation == "silu" else WithTanh())


class Results(TrainTest):
    @unittest.skipUnless(torch, "needs PyTorch")
    def test_everything_is_there_and_true(self):
        order = np.random.default_rng(1).permutation(48 * 32)
        write_table(self.path("q.h5"), (48, 32), order)
        self.train('table = "q.h5"')
        history, summary = self.history(), self.summary()
        self.assertEqual([int(row["iteration"]) for row in history], list(range(7)))
        kl = [float(row["kl"]) for row in history]
        self.assertTrue(all(b <= a for a, b in zip(kl, kl[1:])), kl)
        self.assertLess(kl[-1], 0.05 * kl[0])
        # the verdict, on the table's own grid
        points = grid((48, 32))
        q = mixture(points) + 1e-9
        q /= q.sum()
        u = self.energy(points)
        p = np.exp(-u) / np.exp(-u).sum()
        wanted = {"kl": (q * np.log(q / p)).sum(), "reverse_kl": (p * np.log(p / q)).sum(),
                  "tv": 0.5 * abs(p - q).sum(), "log_z": np.log(np.exp(-u).mean() * 64)}
        for key, value in wanted.items():
            self.assertAlmostEqual(summary["train"][key] / value, 1, delta=1e-9, msg=key)
        self.assertEqual(summary["train"]["objective"], "wasserstein_natural")
        self.assertEqual(summary["train"]["iterations"], 6)
        for key in ("w2", "gradient_norm", "seconds"):
            self.assertGreater(summary["train"][key], 0)
        # the last row and final.h5 belong to energy.pt
        with h5py.File(self.path("out", "final.h5")) as file:
            center, volume, density, data = [file["cells/" + name][:]
                                             for name in ("center", "volume", "density", "data")]
        u = self.energy(center)
        p = np.exp(-u) / np.exp(-u).sum()
        np.testing.assert_allclose(volume * density, p, rtol=1e-10)
        sums = q.reshape(16, 2, 24, 2).sum((1, 3)).ravel()
        np.testing.assert_allclose(volume * data, sums, rtol=1e-10)
        self.assertAlmostEqual((sums * np.log(sums / p)).sum() / kl[-1], 1, delta=1e-9)
        self.assertEqual(float(history[-1]["gradient_norm"]), summary["train"]["gradient_norm"])

    def norm_by_pytorch(self, module, out):
        """|| sum_i (q_i - p_i) dU_i/dtheta || of a module, p and q being those of final.h5."""
        with h5py.File(self.path(out, "final.h5")) as file:
            center, volume, density, data = [torch.from_numpy(file["cells/" + name][:])
                                             for name in ("center", "volume", "density", "data")]
        mean = ((data - density) * volume * module(center[:, :2])).sum()
        return float(torch.sqrt(sum((g**2).sum() for g in torch.autograd.grad(mean, module.parameters()))))

    # Products with the Jacobian of Otto's own networks are written by hand; a module of the same names
    # that is another function must not be taken for one.
    @unittest.skipUnless(torch, "needs PyTorch")
    def test_the_gradient_is_that_of_pytorch(self):
        self.train(settings=["train.iterations=3"], out="own")
        own = torch.jit.load(self.path("own", "energy.pt"))
        self.assertAlmostEqual(self.summary("own")["train"]["gradient_norm"] / self.norm_by_pytorch(own, "own"),
                               1, delta=1e-10)
        for activation in ("silu", "tanh"):
            name = activation + ".pt"
            same_names(own, activation).save(self.path(name))
            self.train(settings=["network.file=" + name, "train.iterations=0"], out=activation, small=False)
            norm = self.norm_by_pytorch(torch.jit.load(self.path(name)), activation)
            self.assertAlmostEqual(self.summary(activation)["train"]["gradient_norm"] / norm, 1, delta=1e-10)

    def test_a_table_on_the_mesh_is_judged_there(self):
        write_table(self.path("q.h5"), (24, 16))
        self.train('table = "q.h5"')
        self.assertAlmostEqual(self.summary()["train"]["kl"] / float(self.history()[-1]["kl"]), 1,
                               delta=1e-10)

    @unittest.skipUnless(torch, "needs PyTorch")
    def test_samples_and_heldout(self):
        x = np.random.default_rng(2).normal(size=(4000, 2))
        with h5py.File(self.path("s.h5"), "w") as file:
            file["samples"] = x
        self.train('samples = "s.h5"\nheldout = 0.25', small=False,
                   settings=["network.kind=quadratic", "train.iterations=12"])
        train = self.summary()["train"]
        # that of N(0, 1)^2 over about 1000 points: -(1 + log 2 pi) +- 1/sqrt(1000)
        self.assertAlmostEqual(train["heldout_log_likelihood"], -1 - np.log(2 * np.pi), delta=0.15)
        self.train('samples = "s.h5"\nheldout = 0.0', small=False,
                   settings=["network.kind=quadratic", "train.iterations=1"])
        self.assertNotIn("heldout_log_likelihood", self.summary()["train"])

    def test_samples_by_default_end_where_the_held_out_say(self):
        """500 samples and a large network: the last row is that of the energy kept, the best of its column."""
        with h5py.File(self.path("s.h5"), "w") as file:
            file["samples"] = np.random.default_rng(3).normal(size=(500, 2))
        self.train('samples = "s.h5"', small=False, settings=["train.iterations=40", "train.patience=4"])
        train, rows = self.summary()["train"], self.history()
        seen = [float(row["heldout_log_likelihood"]) for row in rows if row["heldout_log_likelihood"]]
        self.assertEqual([int(row["iteration"]) for row in rows], list(range(len(rows))))
        self.assertLess(len(rows), 41)  # the training sees fewer samples than it could learn by heart
        self.assertEqual(float(rows[-1]["heldout_log_likelihood"]), max(seen))
        self.assertAlmostEqual(train["heldout_log_likelihood"], max(seen), delta=1e-9)
        with h5py.File(self.path("far.h5"), "w") as file:
            file["samples"] = np.append(np.random.default_rng(3).normal(size=(500, 2)), [[90.0, 0.0]], axis=0)
        self.train('samples = "far.h5"\noutside = "drop"', small=False,
                   settings=["network.kind=quadratic", "train.iterations=1"])
        self.assertTrue(any("1 samples are outside" in words for words in self.summary()["warnings"]))

    @unittest.skipUnless(torch, "needs PyTorch")
    def test_samples_by_default_are_not_learnt_by_heart(self):
        """3000 samples of two normals and every key left out: KL from their law to the energy, over fresh samples. A sum of
        normal kernels of the best bandwidth lies 0.02 from the law."""
        random = np.random.default_rng(8)

        def draw(count):
            left = random.random((count, 1)) < 0.4
            return np.where(left, [-1.2, 0.5], [1.0, -0.5]) + np.where(left, 0.4, 0.7) * random.normal(size=(count, 2))

        def log_law(x):
            def log_normal(mean, s):
                return -((x - mean)**2).sum(1) / (2 * s * s) - np.log(2 * np.pi * s * s)
            return np.logaddexp(np.log(0.4) + log_normal([-1.2, 0.5], 0.4), np.log(0.6) + log_normal([1.0, -0.5], 0.7))

        with h5py.File(self.path("s.h5"), "w") as file:
            file["samples"] = draw(3000)
        self.train('samples = "s.h5"', small=False, settings=["train.iterations=60", "mesh.cells=[48, 48]"])
        train, fresh = self.summary()["train"], draw(4000)
        self.assertLess(np.mean(log_law(fresh) + self.energy(fresh)) + train["log_z"], 0.035)
        self.assertEqual(len(train["smoothing"]), 2)
        for h in train["smoothing"]:
            self.assertTrue(0.1 < h < 0.4, h)

    def test_samples_as_counts(self):
        """data.smoothing = 0: /cells/data are the counts themselves; else they are spread by as much as it says."""
        with h5py.File(self.path("s.h5"), "w") as file:
            file["samples"] = np.array([[0.1, 0.2], [0.1, 0.2], [-1.1, 0.2], [0.1, 3.0]])
        moments = {}
        for s in (0.0, 0.5):
            self.train(f'samples = "s.h5"\nsmoothing = {s}', settings=["train.iterations=0", "mesh.cells=[80, 80]"])
            with h5py.File(self.path("out", "final.h5")) as file:
                mass, x = file["cells/data"][:] * file["cells/volume"][:], file["cells/center"][:, 0]
            if s == 0:
                self.assertEqual(np.sort(mass)[-3:].tolist(), [0.25, 0.25, 0.5])
            moments[s] = np.sum(mass * x * x) - np.sum(mass * x)**2
        self.assertAlmostEqual(moments[0.5] - moments[0.0], 0.25, delta=0.002)  # cells: 0.05^2 / 12, half as wide as checked

    def test_no_iterations_and_going_on_from_a_file(self):
        self.train(settings=["train.iterations=0"])
        self.assertEqual(len(self.history()), 1)
        self.assertEqual(self.summary()["train"]["iterations"], 0)
        self.train(out="first")
        shutil.copy(self.path("first", "energy.pt"), self.path("energy.pt"))
        self.train(out="second", small=False, settings=["network.file=energy.pt"])
        self.assertEqual(self.history("first")[-1]["kl"], self.history("second")[0]["kl"])

    def test_the_same_run_twice_and_every_objective(self):
        objectives = ["maximum_likelihood", "contrastive_divergence", "gradient_penalty", "fisher",
                      "wasserstein_natural", "jko", "second_order"]
        for objective in objectives:
            settings = [f"train.objective={objective}", "train.iterations=3", "train.seed=7"]
            self.train(out="a", settings=settings, ranks=2)
            self.train(out="b", settings=settings, ranks=2)
            self.assertEqual(self.history("a"), self.history("b"), objective)
            self.assertEqual(self.network("a"), self.network("b"), objective)

    def test_what_an_equilibrium_does_not_know_is_refused(self):
        for table, key in (("diffusion", 'expression="1+x^2"'), ("reaction", 'rate="1"'),
                           ("drift", 'expression=["y", "-x"]'), ("boundary", 'absorbing=["x_min"]'),
                           ("boundary.value", 'x_min="1"'), ("boundary.robin", 'x_min="1"')):
            said = self.train(settings=[f"{table}.{key}"], status=2)
            self.assertIn(f"takes no [{table}]", said)
            self.assertFalse(os.path.exists(self.path("out")))
        self.train('library = "moons"\n[drift]\nexpression = ["y", "-x"]', status=2)
        case = self.path("case.toml")
        done = subprocess.run(command(["train", case, "-o", self.path("out")]), check=False, capture_output=True, text=True)
        self.assertIn("case.toml:8:2: 'otto train'", done.stderr)

    def test_contrastive_divergence_that_diverges_is_stopped(self):
        """A rate a thousand times the default leaves the particles behind at once."""
        said = self.train(settings=["train.objective=contrastive_divergence", "train.learning_rate=1.0",
                                    "train.iterations=400", "mesh.cells=[16, 16]"], status=3)
        self.assertIn("the training diverges: KL is", said)
        rows = self.history()
        self.assertLess(len(rows), 60)
        best = min(float(row["kl"]) for row in rows)
        self.assertGreater(float(rows[-1]["kl"]), 5 * best)
        self.assertEqual(self.summary()["status"], "failed")

    def test_tolerance_ends_it(self):
        write_table(self.path("q.h5"), (24, 16))
        self.train('table = "q.h5"', small=False,
                   settings=["network.kind=quadratic", "train.tolerance=1e-3", "train.iterations=99"])
        last = self.history()[-1]
        self.assertLess(int(last["iteration"]), 99)
        self.assertLessEqual(float(last["gradient_norm"]), 1e-3)

    def test_target_ends_it(self):
        write_table(self.path("q.h5"), (48, 32))
        settings = ["network.kind=quadratic", "train.iterations=99", "train.target=0.3"]
        self.train('table = "q.h5"', small=False, settings=settings)
        history, train = self.history(), self.summary()["train"]
        self.assertLess(train["iterations"], 99)
        self.assertLessEqual(max(train["kl"], float(history[-1]["kl"])), 0.3)
        # the iteration before had not come so far
        settings[1:] = [f"train.iterations={train['iterations'] - 1}"]
        self.train('table = "q.h5"', small=False, settings=settings, out="before")
        self.assertGreater(max(self.summary("before")["train"]["kl"], float(history[-2]["kl"])), 0.3)


class Stopped(TrainTest):
    def stop_and_resume(self, ranks, settings):
        self.train(out="whole", settings=settings, ranks=ranks)
        words = self.words('library = "moons"', "cut", settings)
        process = subprocess.Popen(command(words, ranks), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        deadline = time.time() + 120 * PATIENCE
        while time.time() < deadline and self.rows("cut") < 3:
            time.sleep(0.01)
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True,
                                  check=False).stdout.split() if ranks > 1 else []
        for rank in [int(c) for c in children] or [process.pid]:
            os.kill(rank, signal.SIGTERM)
        self.assertEqual(process.wait(60 * PATIENCE), 75)
        self.assertTrue(os.path.exists(self.path("cut", "energy.pt")))
        self.assertEqual(self.summary("cut")["status"], "stopped")
        stopped = self.history("cut")
        self.assertEqual(stopped, self.history("whole")[:len(stopped)])
        self.train(out="cut", settings=settings, ranks=ranks, more=["--resume", "auto"])
        self.assertEqual(self.history("cut"), self.history("whole"))
        self.assertEqual(self.network("cut"), self.network("whole"))

    def test_resumed_after_a_change_of_preconditioner(self):
        """A Poisson equation of iteration 7 is too rough for the geometric cycle; those after it are not."""
        train = {"small": False, "data": 'library = "8gaussians"',
                 "settings": ["mesh.cells=[16, 16]", "network.widths=[8]", "train.iterations=12", "checkpoint.every_steps=1",
                              "checkpoint.keep=99"]}
        self.train(out="whole", **train)
        for step in ("05", "07", "10"):
            self.train(out="again", more=["--resume", self.path("whole", "checkpoints", "ck-0000" + step)], **train)
            self.assertEqual(self.history("again"), self.history("whole"))
            self.assertEqual(self.network("again"), self.network("whole"))

    def test_a_removed_history_is_told(self):
        words = self.words('library = "moons"', "cut", ["train.iterations=100000"])
        process = subprocess.Popen(command(words, 1), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.time() + 120 * PATIENCE
        while time.time() < deadline and self.rows("cut") < 3:
            time.sleep(0.01)
        os.remove(self.path("cut", "history.csv"))
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=60 * PATIENCE)[1]
        self.assertEqual(process.returncode, 4, errors)
        self.assertIn("history.csv", errors)

    def test_natural(self):
        self.stop_and_resume(1, ["train.iterations=40", "mesh.cells=[64, 64]"])

    def test_sampler_on_two_ranks(self):
        self.stop_and_resume(2, ["train.objective=gradient_penalty", "train.iterations=150"])

    def test_particles(self):
        self.stop_and_resume(2, ["train.objective=contrastive_divergence", "train.iterations=100",
                                 "train.particles=100"])


class BadInput(TrainTest):
    def refused(self, data, words, settings=(), ranks=1, small=True):
        began = time.time()
        said = self.train(data, settings=settings, status=2, ranks=ranks, small=small)
        self.assertLess(time.time() - began, 60 * PATIENCE)
        self.assertRegex(said, words)
        self.assertNotRegex(said, r"Traceback|terminate called|#\d|c10::|aten::")
        return said

    def test_case(self):
        said = self.refused('library = "moon"', r"did you mean '?moons")
        self.assertEqual(len(re.findall(r"case\.toml:\d+", said)), 1)
        self.refused('smoothing = 0.1', r"exactly one of")
        self.refused('library = "moons"\ntable = "q.h5"', r"exactly one of")
        self.refused('library = "moons"\nsmoothing = 0.1', r"smooth as it is")
        self.refused('library = "moons"\nheldout = 0.1', r"goes with 'samples'")
        self.refused('library = "line"\nsmoothing = 0.0', r"must be positive")
        self.refused('table = "q.h5"\nsmoothing = 0.1', r"goes with 'library' and 'samples'")
        self.refused('library = "moons"', r"did you mean 'objective'", ["train.objectiv=jko"])
        self.refused('library = "moons"', r"two dimensions", ["mesh.lower=[0]", "mesh.upper=[1]",
                                                              "mesh.cells=[9]"])
        self.refused('library = "moons"', r"no mass in this box", ["mesh.lower=[900, 900]",
                                                                   "mesh.upper=[901, 901]"])

    def test_tables(self):
        self.refused('table = "none.h5"', r"there is no such file: '.*none\.h5'", ranks=2)
        with open(self.path("text.h5"), "w", encoding="utf-8") as file:
            file.write("no table")
        self.refused('table = "text.h5"', r"text\.h5: is not an HDF5 file")
        write_table(self.path("odd.h5"), (23, 16))
        self.refused('table = "odd.h5"', r"odd\.h5: has 368 cells, the mesh 384")

        def negative(columns):
            columns["mass"][5] = -1

        def nothing(columns):
            columns["mass"][:] = 0

        for change, words in ((negative, "not negative"), (nothing, "no mass")):
            write_table(self.path("bad.h5"), (24, 16), change=change)
            self.refused('table = "bad.h5"', r"bad\.h5: .*" + words, ranks=2)

    def test_samples(self):
        for x, words in ((np.full((9, 2), 5.0), "9 of 9 samples are outside the box"),
                         (np.full((9, 2), np.nan), "row 1 is not finite"),
                         (np.zeros((9, 3)), "3 columns"), (np.zeros((0, 2)), "is empty")):
            with h5py.File(self.path("s.h5"), "w") as file:
                file["samples"] = x
            self.refused('samples = "s.h5"', r"s\.h5: .*" + words, ranks=2)

    @unittest.skipUnless(torch, "needs PyTorch")
    def test_networks(self):
        data = 'library = "moons"'

        def refused(words):
            self.refused(data, words, ["network.file=energy.pt"], small=False, ranks=2)

        refused(r"energy\.pt")
        with open(self.path("energy.pt"), "w", encoding="utf-8") as file:
            file.write("no network")
        refused(r"energy\.pt")
        line = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0))
        torch.jit.script(line).save(self.path("energy.pt"))
        refused(r"energy\.pt")
        plane = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Flatten(0))
        with torch.no_grad():
            plane[0].weight[0, 0] = float("nan")
        torch.jit.script(plane).save(self.path("energy.pt"))
        refused(r"energy\.pt")


if __name__ == "__main__":
    unittest.main(verbosity=2)
