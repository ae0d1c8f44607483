"""What README.md and CONTRIBUTING.md say is true: commands of ```sh blocks that run Otto or draw its
results are run; ```console blocks must print, word for word, what they show."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ.get("OTTO", os.path.join(ROOT, "build", "otto"))
FILES = ("README.md",)
RUNNABLE = ("build/otto ", "mpirun ", "postprocess/plot ")


def blocks(name, kind):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return re.findall(rf"```{kind}\n(.*?)```", file.read(), re.DOTALL)


class Readme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name

    def run_line(self, line):
        """One command from the top of the tree; results go to a folder of this test."""
        words = shlex.split(line, comments=True)
        words = [OTTO if w == "build/otto" else re.sub(r"^out/", self.out + "/", w) for w in words]
        if words[0] == OTTO and words[1] == "run" and "-o" not in words:
            self.fail(f"'{line}' would write into the tree")
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
                           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1",
                           PRTE_MCA_rmaps_default_mapping_policy=":oversubscribe")
        return subprocess.run(words, cwd=ROOT, env=environment, text=True, timeout=600, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)

    def test_commands_run(self):
        count = 0
        for name in FILES:
            for line in "".join(blocks(name, "sh")).splitlines():
                if line.startswith(RUNNABLE):
                    done = self.run_line(line)
                    self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}")
                    count += 1
        self.assertGreater(count, 2)

    def test_shown_output_is_what_is_printed(self):
        count = 0
        for name in FILES:
            for block in blocks(name, "console"):
                command, shown = block.split("\n", 1)
                self.assertTrue(command.startswith("$ "), command)
                done = self.run_line(command[2:])
                self.assertEqual(done.stdout.split(), shown.split(), command)
                self.assertEqual(done.returncode, 2 if shown.startswith("otto: ") else 0)
                count += 1
        self.assertGreater(count, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
