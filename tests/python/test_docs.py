"""The snippets of docs/python.md and the scripts in examples/python run as they stand."""

import contextlib
import glob
import io
import os
import re
import subprocess
import tempfile
import unittest
import warnings

from python_support import PACKAGE, ROOT


def snippets(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)


class Documents(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.symlink(os.path.join(ROOT, "cases"), os.path.join(folder.name, "cases"))
        os.chdir(folder.name)
        self.folder = folder.name

    def test_snippets_run(self):
        import matplotlib

        matplotlib.use("Agg")
        blocks = snippets("docs/python.md")
        self.assertGreaterEqual(len(blocks), 5)
        for number, block in enumerate(blocks):
            told = io.StringIO()
            with self.subTest(number), contextlib.redirect_stdout(told), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(block, f"snippet {number}", "exec"), {"__name__": "__main__"})  # noqa: S102
            if "print(" in block:
                self.assertTrue(told.getvalue().strip(), f"snippet {number} prints nothing")

    def test_examples_run(self):
        scripts = sorted(glob.glob(os.path.join(ROOT, "examples/python/*.py")))
        self.assertGreaterEqual(len(scripts), 2)
        for script in scripts:
            done = subprocess.run(["/usr/bin/python3", script], cwd=self.folder, capture_output=True, text=True, check=False,
                                  env=dict(os.environ, PYTHONPATH=PACKAGE, MPLBACKEND="Agg"), stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, f"{script}\n{done.stderr}")
            self.assertTrue(done.stdout.strip(), script)
        last = done.stdout.strip().splitlines()
        kl = [float(line.split()[-1]) for line in last]
        self.assertLess(kl[-1], 0.01 * kl[0])


if __name__ == "__main__":
    unittest.main()
