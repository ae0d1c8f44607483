"""Networks in a case as a user meets them: any TorchScript module with random weights is at rest in
its own Gibbs density, cell by cell; what the summary says; a build without the torch module."""

import csv
import json
import glob
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

try:
    import torch
except ImportError:
    torch = None

for path in ("..", "../../postprocess"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), path))
import energy_data  # noqa: E402
from answers import otto  # noqa: E402

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
    done = otto(["run", "case.toml", "-o", "out"], folder, ranks, timeout=300)
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

    def test_little_address_space_is_told(self):
        """Below PyTorch, OpenBLAS asks without end for what a limit refuses it."""
        if float(os.environ.get("OTTO_PATIENCE", "1")) > 1:
            self.skipTest("sanitizers reserve addresses without end")
        with tempfile.TemporaryDirectory() as folder:
            torch.jit.script(layers(1, torch.nn.Tanh()).double()).save(os.path.join(folder, "energy.pt"))
            with open(os.path.join(folder, "case.toml"), "w", encoding="utf-8") as file:
                file.write(CASE.format(mesh=LINE, temperature=1.0))
            said = []
            for size in range(600, 4000, 60):  # MB
                limit = (size << 20, size << 20)
                done = subprocess.run([OTTO, "check", "case.toml"], cwd=folder, timeout=60, capture_output=True, text=True,
                                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
                if done.returncode == 0:
                    break
                said.append(done.stderr)
            self.assertEqual(done.returncode, 0)
            self.assertTrue(any("energy.pt: BLAS" in s and "ulimit -v" in s for s in said), said)

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


def write_numbers(folder, seed):
    """energy.safetensors in `folder`, and its U in float64 by NumPy."""
    random = np.random.default_rng(seed)
    arrays = {"w0": random.normal(size=(24, 2)), "b0": random.normal(size=24),
              "w1": random.normal(size=(9, 24)), "w2": 0.5 * random.normal(size=9)}
    energy_data.write(os.path.join(folder, "energy.safetensors"), arrays, [
        {"kind": "dense", "weight": "w0", "bias": "b0", "activation": "silu"},
        {"kind": "dense", "weight": "w1", "activation": "tanh"}, {"kind": "dense", "weight": "w2"}])

    def energy(x):
        a = x @ arrays["w0"].T + arrays["b0"]
        return np.tanh((a / (1 + np.exp(-a))) @ arrays["w1"].T) @ arrays["w2"]
    return energy


NUMBERS = CASE.replace("energy.pt", "energy.safetensors")


class NumbersWithoutCode(unittest.TestCase):
    def test_the_gibbs_density_is_at_rest(self):
        seed = int.from_bytes(os.urandom(4), "little")
        with self.subTest(seed=seed), tempfile.TemporaryDirectory() as folder:
            energy = write_numbers(folder, seed)
            densities = []
            for ranks in (1, 3):
                out, _ = run(folder, NUMBERS.format(mesh=PLANE, temperature=0.7), ranks)
                center, volume, density = read(out)
                U = energy(center)
                p = np.exp(-(U - U.min()) / 0.7)
                self.assertLessEqual(np.abs(density * (volume * p).sum() / p - 1).max(), 1e-12)
                densities.append(density)
            with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
                said = json.load(file)["network"]["files"][0]
            self.assertFalse(said["program"])
            self.assertEqual(said["parameters"], 24 * 2 + 24 + 9 * 24 + 9)

    def test_what_is_no_energy_is_refused_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "energy.safetensors")
            write_numbers(folder, 1)
            with open(file, "rb") as stream:
                good = stream.read()
            with open(os.path.join(folder, "case.toml"), "w", encoding="utf-8") as stream:
                stream.write(NUMBERS.format(mesh=LINE, temperature=1.0))
            for content, words in [(good, "2 dimensions"), (good[:-1], "cut short"),
                                   (good.replace(b"tanh", b"tang"), "'tang'"),
                                   (good.replace(b"otto_energy", b"otto_enargy"), "otto_energy")]:
                with open(file, "wb") as stream:
                    stream.write(content)
                done = subprocess.run([OTTO, "check", "case.toml"], cwd=folder, timeout=60,
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, words)
                self.assertIn(words, done.stderr)
                self.assertIn("energy.safetensors", done.stderr)
                self.assertIn("case.toml:", done.stderr)


class WithoutTheModule(unittest.TestCase):
    def test_programs_can_be_forbidden(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in [("energy.pt", "any"),
                                  ("case.toml", CASE.format(mesh=LINE, temperature=1.0))]:
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(content)
            done = subprocess.run([OTTO, "check", "case.toml", "--no-code"], cwd=folder, timeout=60,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--no-code refuses", done.stderr)

    def test_numbers_do_not_need_it(self):
        with tempfile.TemporaryDirectory() as folder:
            program = self.program_alone(folder)
            write_numbers(folder, 1)
            with open(os.path.join(folder, "case.toml"), "w", encoding="utf-8") as file:
                file.write(NUMBERS.format(mesh=PLANE, temperature=1.0))
            subprocess.run([program, "check", "case.toml", "--no-code"], cwd=folder, check=True,
                           timeout=60, stdout=subprocess.DEVNULL,
                           env=dict(os.environ, LD_LIBRARY_PATH=folder))

    @staticmethod
    def program_alone(folder):
        """otto and its library without the modules, which lie beside the library."""
        shutil.copy(OTTO, os.path.join(folder, "otto"))
        for library in glob.glob(os.path.join(os.path.dirname(OTTO), "libotto.so*")):
            shutil.copy(library, folder)
        return os.path.join(folder, "otto")

    def test_a_case_with_a_network_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            program = self.program_alone(folder)
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
