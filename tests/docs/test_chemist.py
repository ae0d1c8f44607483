"""docs/chemist.md: its commands run as they stand, print what it shows, and its tables hold what they leave."""

import csv
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

from page_blocks import NUMBER, OTTO, ROOT, assert_figures, assert_shown, blocks, commands, read

SRUN = "#!/bin/sh\nexec \"$@\"\n"  # what Slurm does, on this machine
PAGE = read("docs/chemist.md")
COMMANDS = [one for block in blocks(PAGE) if block.language == "console" for one in commands(block)]


def tables():
    """Rows of the tables that show figures, each a list of cells."""
    for table in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        yield [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


class Chemist(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.out = cls.folder.name
        for name in ("srun", "scontrol"):
            with open(os.path.join(cls.out, name), "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o755)) as file:
                file.write(SRUN)
        cls.printed = {command: cls.run_command(command) for command, _ in COMMANDS}

    @classmethod
    def run_command(cls, command):
        """From the top of the tree; out/ is a folder of this test, and sbatch runs its script here."""
        words = [w.replace("build/otto", OTTO) if "build/otto" in w else re.sub(r"(^|=)out/", rf"\g<1>{cls.out}/", w)
                 for w in shlex.split(command)]
        environment = dict(os.environ, PATH=cls.out + ":" + os.environ["PATH"], SLURM_JOB_ID="1")
        while "=" in words[0]:
            name, value = words.pop(0).split("=", 1)
            environment[name] = value
        if words[0] == "sbatch":
            words = ["bash"] + [w for w in words[1:] if not w.startswith("--")]
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout.replace(cls.out + "/", "out/")

    def test_shown_lines_are_printed(self):
        for command, shown in COMMANDS:
            assert_shown(self, shown, self.printed[command], command)
        self.assertGreater(sum(len(shown) for _, shown in COMMANDS), 10)
        self.assertLessEqual(len(self.printed), 10)

    def test_tables_hold_what_the_sweeps_leave(self):
        for rows, name in zip(tables(), ("grids", "temperatures"), strict=True):
            with open(os.path.join(self.out, name, "sweep.csv"), newline="", encoding="utf-8") as file:
                runs = list(csv.DictReader(file))
            self.assertEqual(len(rows), len(runs))
            for (_, *shown), run in zip(rows, runs):
                assert_figures(self, shown, [run["analysis.rate.k_ab"], run["analysis.rate.k_ba"]][:len(shown)], name)

    def test_slope_over_the_temperatures(self):
        with open(os.path.join(self.out, "temperatures", "sweep.csv"), newline="", encoding="utf-8") as file:
            runs = list(csv.DictReader(file))
        x = [1 / (8.31446e-3 * float(run["energy.temperature"].strip("' K"))) for run in runs]
        k = [math.log(float(run["analysis.rate.k_ab"])) for run in runs]
        shown = re.search(r"slope of −log k over 1/\(R T\) is ([\d.]+) kJ/mol", PAGE)[1]
        self.assertAlmostEqual(float(shown), -(k[-1] - k[0]) / (x[-1] - x[0]), delta=0.051)

    def test_the_job_leaves_what_the_run_did(self):
        self.assertTrue(os.path.exists(os.path.join(self.out, "job", "final.h5")))

    def test_the_picture_is_drawn(self):
        self.assertGreater(os.path.getsize(os.path.join(self.out, "alanine/pictures/field_forward_committor.png")), 20000)

    def test_the_case_on_the_page_is_the_case(self):
        text = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
        self.assertEqual(read("cases/alanine/case.toml"), text)

    def test_the_tables_of_the_case_come_from_its_script(self):
        subprocess.run([sys.executable, os.path.join(ROOT, "cases/alanine/make_tables.py"), self.out], check=True)
        for name in ("fes.dat", "diffusion.dat"):
            with open(os.path.join(self.out, name), encoding="utf-8") as file:
                made = file.read()
            kept = read(f"cases/alanine/{name}")
            self.assertEqual(NUMBER.sub("#", made), NUMBER.sub("#", kept))
            for a, b in zip(NUMBER.findall(made), NUMBER.findall(kept)):
                self.assertAlmostEqual(float(a), float(b), delta=2e-6)


if __name__ == "__main__":
    unittest.main()
