"""postprocess/plot draws runs in every dimension, and says what is wrong where it cannot."""

import contextlib
import io
import os
import runpy
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ.get("OTTO", os.path.join(ROOT, "build", "otto"))
PLOT = os.path.join(ROOT, "postprocess", "plot")
for path in ("postprocess", "tests"):
    sys.path.insert(0, os.path.join(ROOT, path))

import matplotlib.pyplot  # noqa: E402
from answers import otto  # noqa: E402

CASE = """
[mesh]
kind = "box"
lower = [{lower}]
upper = [{upper}]
cells = [{cells}]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "x^2"
[initial]
kind = "uniform"
[time]
scheme = "implicit_euler"
step = 0.05
end = 0.2
[output]
every = 0.1
fields = ["density", "external_energy"]
"""


def run(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False,
                          stdin=subprocess.DEVNULL)


def plot(*words):
    """The script run in this process, which has matplotlib already."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with mock.patch.object(sys, "argv", [PLOT, *words]), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            runpy.run_path(PLOT, run_name="__main__")
        except SystemExit as end:
            code = end.code
    if isinstance(code, str):
        errors.write(code + "\n")
        code = 1
    matplotlib.pyplot.close("all")
    return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())


class Plot(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def simulate(self, dimension, cells):
        case = os.path.join(self.folder, "case.toml")
        repeat = lambda word: ", ".join([word] * dimension)  # noqa: E731
        with open(case, "w", encoding="utf-8") as file:
            file.write(CASE.format(lower=repeat("-1.0"), upper=repeat("1.0"), cells=repeat(cells)))
        out = os.path.join(self.folder, f"out{dimension}")
        done = otto(["run", case, "-o", out])
        self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def test_fields_of_the_analysis(self):
        case = os.path.join(self.folder, "case.toml")
        with open(case, "w", encoding="utf-8") as file:
            file.write(CASE.format(lower="-1.0, -1.0", upper="1.0, 1.0", cells="16, 12"))
        out, words = os.path.join(self.folder, "analysed"), []
        for setting in ('analysis.committor_from="x_min"', 'analysis.committor_to="x_max"',
                        "analysis.stationary_current=true", 'drift.expression=["y", "-x"]'):
            words += ["--set", setting]
        done = otto(["run", case, "-o", out, *words])
        self.assertEqual(done.returncode, 0, done.stderr)
        for field in ("committor", "stationary_density", "current", "current_x"):
            done = plot(out, "--field", field)
            self.assertEqual((done.returncode, done.stdout.split()),
                             (0, [os.path.join(out, "pictures", f"field_{field}.png")]), done.stderr)
        for field, advice in (("mean_exit_time", "[analysis] mean_exit_time"), ("region", "[output] fields"),
                              ("mode_1", "otto spectrum"), ("pressure", "there are committor, current_x")):
            done = plot(out, "--field", field)
            self.assertEqual(done.returncode, 1)
            self.assertIn(advice, done.stderr)

    def test_animations(self):
        from PIL import Image

        for dimension, cells in ((1, "32"), (2, "12"), (3, "8")):
            out = self.simulate(dimension, cells)
            done = plot(out, "--animate", "gif")
            path = os.path.join(out, "pictures", "density.gif")
            self.assertEqual((done.returncode, done.stdout.split()), (0, [path]), done.stderr)
            with Image.open(path) as picture:
                self.assertEqual(picture.n_frames, 3)  # t = 0, 0.1, 0.2
                seen = set()
                for k in range(3):
                    picture.seek(k)
                    seen.add(picture.convert("RGB").tobytes())
                self.assertEqual(len(seen), 3)
        done = plot(out, "--animate", "gif", "--field", "external_energy")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing moves", done.stderr)
        done = subprocess.run([PLOT, out, "--animate", "mp4"], capture_output=True, text=True, check=False, timeout=300,
                              env={**os.environ, "PATH": self.folder})
        self.assertEqual(done.returncode, 1)
        self.assertIn("ffmpeg", done.stderr)

    def test_units_stand_on_the_axes(self):
        case = os.path.join(self.folder, "case.toml")
        with open(case, "w", encoding="utf-8") as file:
            file.write(CASE.format(lower="-1.0", upper="1.0", cells="16") + '[units]\nenergy = "eV"\nlength = "nm"\ntime = "ps"\n')
        out = os.path.join(self.folder, "units")
        done = otto(["run", case, "-o", out])
        self.assertEqual(done.returncode, 0, done.stderr)
        script = ("import sys; sys.path.insert(0, sys.argv[1])\nimport matplotlib; matplotlib.use('Agg')\n"
                  "import otto_ledger as l, otto_pictures as p\nfrom otto_results import Results\nr = Results(sys.argv[2])\n"
                  "for f in (p.density_picture(r, 'linear', 3, ''), l.energy_picture(r, None, ''), l.ledger_picture(r, '')):\n"
                  "    print([(a.get_xlabel(), a.get_ylabel()) for a in f.axes])")
        done = run([sys.executable, "-c", script, os.path.dirname(PLOT), out])
        for word in ("x (nm)", "density ρ (1/nm)", "external energy V (eV)", "time t (ps)", "F − F(equilibrium) (eV)",
                     "dissipation −dF/dt (eV / ps)", "dt · dissipation (eV)"):
            self.assertIn(word, done.stdout, done.stderr)

    def test_logarithmic_axes_have_numbers(self):
        script = ("import sys; sys.path.insert(0, sys.argv[1])\nimport matplotlib; matplotlib.use('Agg')\n"
                  "import matplotlib.pyplot as plt, otto_pictures as p\n"
                  "for ends in ((1.0, 1.4), (3.1, 3.2e1), (1e-3, 0.4), (2e-9, 5e3)):\n"
                  "    f, a = plt.subplots(figsize=(4, 3)); a.semilogy([0, 1], ends); p.label_decades(a.yaxis); f.canvas.draw()\n"
                  "    low, high = a.get_ylim()\n"
                  "    print(len([1 for y, t in zip(a.get_yticks(), a.get_yticklabels()) if low <= y <= high and t.get_text()]))")
        done = run([sys.executable, "-c", script, os.path.dirname(PLOT)])
        counts = [int(word) for word in done.stdout.split()]
        self.assertEqual(len(counts), 4, done.stderr)
        self.assertGreaterEqual(min(counts), 3, counts)

    def test_modes(self):
        case = os.path.join(self.folder, "case.toml")
        for dimension in (1, 2):
            repeat = lambda word: ", ".join([word] * dimension)  # noqa: E731
            with open(case, "w", encoding="utf-8") as file:
                file.write(CASE.format(lower=repeat("-1.0"), upper=repeat("1.0"), cells=repeat("12")))
            out = os.path.join(self.folder, f"modes{dimension}")
            done = otto(["spectrum", case, "-o", out, "-k", "2"])
            self.assertEqual(done.returncode, 0, done.stderr)
            done = plot(out)
            self.assertEqual((done.returncode, [os.path.basename(p) for p in done.stdout.split()]),
                             (0, ["density.png", "field_mode_1.png", "field_mode_2.png"]), done.stderr)

    def test_signed_fields_have_a_scale_of_their_own(self):
        import numpy as np
        import otto_pictures

        norm, _ = otto_pictures.make_norm([np.array([-1.0, 0.5])], "sqrt", "mode_1")
        self.assertEqual((norm(-1.0), norm(0.0), norm(1.0)), (0, 0.5, 1))
        norm, _ = otto_pictures.make_norm([np.array([0.2, 0.5])], "sqrt", "committor")
        self.assertEqual((norm.vmin, norm.vmax), (0, 1))
        norm, _ = otto_pictures.make_norm([np.array([-1e-17, 0.5])], "sqrt")
        self.assertEqual(norm.vmin, 0)

    def test_every_dimension(self):
        for dimension, cells in ((1, "32"), (2, "16"), (3, "8")):
            out = self.simulate(dimension, cells)
            done = run([PLOT, out, "--frames", "3"])
            self.assertEqual(done.returncode, 0, done.stderr)
            for name in ("density", "energy", "ledger"):
                with open(os.path.join(out, "pictures", name + ".png"), "rb") as file:
                    self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def test_a_final_state_alone_can_be_drawn(self):
        out = self.simulate(2, "16")
        alone = os.path.join(self.folder, "alone")
        os.makedirs(alone)
        os.rename(os.path.join(out, "final.h5"), os.path.join(alone, "final.h5"))
        done = plot(alone, "--scale", "log")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(os.path.join(alone, "pictures")), ["density.png"])

    def test_failures_are_one_clear_line(self):
        empty = os.path.join(self.folder, "empty")
        os.makedirs(empty)
        out = self.simulate(1, "8")
        for words, expected in (([os.path.join(self.folder, "nowhere")], "no such folder"),
                                ([empty], "neither"), ([out, "--field", "colour"], "colour")):
            done = run([PLOT] + words)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(expected, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
