"""otto --sandbox: a network whose file is a program is evaluated in a process that can do nothing else. What it may do gives
the values it gives without; what it may not do ends with status 2 and a word about it, and leaves no trace."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

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
lower = [-2.0, 0.0]
upper = [1.0, 1.0]
cells = [48, 34]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
network = "energy.pt"
[initial]
kind = "uniform"
[time]
step = 0.1
end = 0.3
"""

if torch:
    class Good(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(2, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1)).double()

        def forward(self, x: torch.Tensor):
            return self.net(x)

    class Endless(torch.nn.Module):
        def forward(self, x: torch.Tensor):
            n = 0
            while x.size(0) > 0:
                n += 1
            return x[:, 0] + n

    class Memory(torch.nn.Module):
        def forward(self, x: torch.Tensor):
            return x[:, 0] + torch.ones([1 << 30], dtype=torch.float64).sum()

    class Writes(torch.nn.Module):
        def forward(self, x: torch.Tensor):
            return x[:, 0] + torch.from_file("made_by_the_network", shared=True, size=10).sum()

    class Wild(torch.nn.Module):
        def forward(self, x: torch.Tensor):
            return x[:, 0] + x[0].as_strided([1], [1], 1 << 40).sum()

    class Late(torch.nn.Module):
        """Behaves while it is looked at."""

        def forward(self, x: torch.Tensor):
            if x.size(0) > 400:
                n = 0
                while x.size(0) > 0:
                    n += 1
            return x[:, 0]


@unittest.skipUnless(torch and os.path.exists(MODULE), "needs python3-torch and libotto_torch")
class Sandbox(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="otto-sandbox-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "case.toml").write_text(CASE, encoding="utf-8")

    def run_with(self, module, *words, ranks=1, out="out"):
        torch.jit.script(module).save(str(self.folder / "energy.pt"))
        launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
        return subprocess.run([*launch, OTTO, "run", "case.toml", "-o", out, *words], cwd=self.folder, timeout=120,
                              capture_output=True, text=True, check=False)

    def density(self, out):
        with h5py.File(self.folder / out / "final.h5") as file:
            return file["cells/density"][()]

    def test_the_same_bits(self):
        torch.manual_seed(3)
        energy = Good()
        self.assertEqual(self.run_with(energy, out="free").returncode, 0)
        for ranks in (1, 3):
            done = self.run_with(energy, "--sandbox", ranks=ranks, out=f"confined{ranks}")
            self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_array_equal(self.density("confined1"), self.density("free"))
        np.testing.assert_allclose(self.density("confined3"), self.density("free"), rtol=1e-7)

    def refuse(self, module, words, seconds=30):
        began = time.monotonic()
        done = self.run_with(module, "--sandbox")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("energy.pt", done.stderr)
        self.assertRegex(done.stderr, words)
        self.assertEqual(done.stderr.count("otto: "), 1, done.stderr)
        self.assertLess(time.monotonic() - began, seconds)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir() if p.name != "out"), ["case.toml", "energy.pt"])

    def test_a_loop_without_end(self):
        self.refuse(Endless(), "did not give its network in 8 s")

    def test_a_loop_that_comes_later(self):
        self.refuse(Late(), "gave no values in 8 s")

    def test_memory(self):
        self.refuse(Memory(), "needs more memory")

    def test_files(self):
        self.refuse(Writes(), "(?i)Operation not permitted|open|fails")

    def test_a_crash(self):
        self.refuse(Wild(), "(?i)signal|storage|bounds|fails")


if __name__ == "__main__":
    unittest.main()
