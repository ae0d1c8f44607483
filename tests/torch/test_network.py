"""Networks in a case as a user meets them: any TorchScript module with random weights is at rest in
its own Gibbs density, cell by cell; what the summary says; a build without the torch module."""

import csv
import json
import glob
import os
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

try:
    import torch
except ImportError:
    torch = None

OTTO = os.environ["OTTO"]
MODULE = os.path.join(os.path.dirname(OTTO), "libotto_torch.so")

CASE = """
[mesh]
kind = "box"
{mesh}
[[energy]]
kind = "entropy"
temperature = {temperature}
[[energy]]
kind = "external"
network = "energy.pt"
[initial]
kind = "uniform"
[time]
step = 50.0
end = 1000.0
[solver]
rtol = 1e-13
"""
LINE = "lower = [-2.0]\nupper = [1.0]\ncells = [50]"
PLANE = "lower = [-2.0, 0.0]\nupper = [1.0, 1.0]\ncells = [24, 17]"
SPACE = "lower = [-1.0, 0.0, 0.0]\nupper = [1.0, 1.0, 1.5]\ncells = [10, 8, 9]"


def layers(d, activation):
    return torch.nn.Sequential(torch.nn.Linear(d, 24), activation, torch.nn.Linear(24, 16),
                               activation, torch.nn.Linear(16, 1), torch.nn.Flatten(0))


def run(folder, case, ranks=1):
    """The folder of results, and what was said on the error stream."""
    with open(os.path.join(folder, "case.toml"), "w", encoding="utf-8") as file:
        file.write(case)
    launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
    done = subprocess.run([*launch, OTTO, "run", "case.toml", "-o", "out"], cwd=folder,
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return os.path.join(folder, "out"), done.stderr


def read(out):
    with h5py.File(os.path.join(out, "final.h5")) as file:
        return [file["cells/" + name][:] for name in ("center", "volume", "density")]


def gibbs(energy, center, volume, temperature):
    """exp(-U/kT)/Z with U from PyTorch, in float64 from there on."""
    with torch.no_grad():
        kind = next(energy.parameters(), torch.zeros(0, dtype=torch.float64)).dtype
        U = energy(torch.tensor(center).to(kind)).double().numpy()
    p = np.exp(-(U - U.min()) / temperature)
    return p / (volume * p).sum()


@unittest.skipUnless(torch and os.path.exists(MODULE), "needs python3-torch and libotto_torch")
class Networks(unittest.TestCase):
    def check_at_rest(self, energy, mesh, temperature=1.0, ranks=1, tolerance=1e-12):
        with tempfile.TemporaryDirectory() as folder:
            torch.jit.script(energy).save(os.path.join(folder, "energy.pt"))
            out, _ = run(folder, CASE.format(mesh=mesh, temperature=temperature), ranks)
            center, volume, density = read(out)
        expected = gibbs(energy, center, volume, temperature)
        self.assertLessEqual(np.abs(density / expected - 1).max(), tolerance)
        self.assertGreater(expected.max() / expected.min(), 1.05)

    def test_the_gibbs_density_is_at_rest(self):
        # The weights are random at test time; a failure names the seed.
        seed = torch.seed()
        for d, mesh, activation, ranks in [(1, LINE, torch.nn.Tanh(), 1),
                                           (2, PLANE, torch.nn.SiLU(), 3),
                                           (3, SPACE, torch.nn.Softplus(), 1)]:
            with self.subTest(dimension=d, seed=seed):
                torch.manual_seed(seed)
                energy = layers(d, activation).double()
                energy[4].weight.data *= 8
                self.check_at_rest(energy, mesh, 0.7, ranks)

    def test_a_column_of_values_is_one_value_a_point(self):
        torch.manual_seed(5)
        energy = layers(2, torch.nn.Tanh()).double()[:-1]  # (n, 1), without the Flatten
        with torch.no_grad():
            self.assertEqual(energy(torch.zeros(7, 2).double()).shape, (7, 1))
        with tempfile.TemporaryDirectory() as folder:
            torch.jit.script(energy).save(os.path.join(folder, "energy.pt"))
            out, _ = run(folder, CASE.format(mesh=PLANE, temperature=1.0))
            center, volume, density = read(out)
        expected = gibbs(torch.nn.Sequential(energy, torch.nn.Flatten(0)), center, volume, 1.0)
        self.assertLessEqual(np.abs(density / expected - 1).max(), 1e-12)

    def test_in_float32(self):
        # What differs is the rounding of one sum in another order: a few ulp of U.
        seed = torch.seed()
        with self.subTest(seed=seed):
            self.check_at_rest(layers(2, torch.nn.SiLU()), PLANE, 0.1, tolerance=1e-4)

    def test_without_parameters_it_is_float64(self):
        class Well(torch.nn.Module):
            def forward(self, x: torch.Tensor):
                return 2 * torch.sum((x * x - 1 / 3) ** 2, dim=1)

        self.check_at_rest(Well(), PLANE)

    def test_the_summary_tells_mass_outside_and_seconds(self):
        class Boxed(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("box_lower", torch.tensor([-1.0, 0.0]).double())
                self.register_buffer("box_upper", torch.tensor([1.0, 0.5]).double())

            def forward(self, x: torch.Tensor):
                return 3 * x[:, 0] - x[:, 1]

        with tempfile.TemporaryDirectory() as folder:
            torch.jit.script(Boxed()).save(os.path.join(folder, "energy.pt"))
            out, said = run(folder, CASE.format(mesh=PLANE, temperature=1.0))
            center, volume, density = read(out)
            with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
                summary = json.load(file)
            with open(os.path.join(out, "history.csv"), encoding="utf-8") as file:
                distance = float(list(csv.DictReader(file))[-1]["kl_gibbs"])
        outside = (center[:, 0] < -1) | (center[:, 1] > 0.5)
        self.assertAlmostEqual(summary["network"]["mass_outside"],
                               (volume * density)[outside].sum(), delta=1e-13)
        self.assertGreater(summary["network"]["mass_outside"], 0.5)
        self.assertIn("trained in", said)
        self.assertEqual(summary["network"]["files"][0]["type"], "float64")
        self.assertGreater(summary["seconds"]["network"], 0)
        self.assertLess(summary["seconds"]["network"], summary["seconds"]["total"])
        self.assertLess(abs(distance), 1e-13)


class WithoutTheModule(unittest.TestCase):
    def test_a_case_with_a_network_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "otto")
            shutil.copy(OTTO, program)
            for library in glob.glob(os.path.join(os.path.dirname(OTTO), "libotto.so*")):
                shutil.copy(library, folder)  # modules lie beside the library
            alone = dict(os.environ, LD_LIBRARY_PATH=folder)
            for name, content in [("energy.pt", "any"),
                                  ("case.toml", CASE.format(mesh=LINE, temperature=1.0))]:
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(content)
            done = subprocess.run([program, "check", "case.toml"], cwd=folder, capture_output=True,
                                  text=True, timeout=60, env=alone)
            self.assertEqual(done.returncode, 2)
            self.assertIn("OTTO_TORCH=ON", done.stderr)
            self.assertEqual(done.stderr.count("otto: "), 1)
            plain = CASE.format(mesh=LINE, temperature=1.0).replace('network = "energy.pt"',
                                                                    'expression = "x"')
            with open(os.path.join(folder, "case.toml"), "w", encoding="utf-8") as file:
                file.write(plain)
            subprocess.run([program, "check", "case.toml"], cwd=folder, check=True, timeout=60,
                           stdout=subprocess.DEVNULL, env=alone)


if __name__ == "__main__":
    unittest.main()
