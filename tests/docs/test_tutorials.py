"""docs/tutorials: what the pages show is what happens. Each page's Python runs as the cells of its notebook, then its commands.

A tutorial works in a folder with links to what it uses of the tree and of the build.
"""

import glob
import json
import os
import subprocess
import tempfile
import unittest

from page_blocks import OTTO, ROOT, assert_shown, blocks, commands, read

BUILD = os.path.dirname(os.path.abspath(OTTO))
PACKAGE = os.path.join(BUILD, "python")
SLURM = {"srun": "#!/bin/sh\nexec \"$@\"\n", "scontrol": "#!/bin/sh\nexit 0\n",
         "sbatch": "#!/bin/sh\nwhile [ \"${1#--}\" != \"$1\" ]; do shift; done\nSLURM_JOB_ID=1 exec bash \"$@\"\n"}
RUNNER = """
import contextlib, io, json, sys, warnings
import matplotlib
matplotlib.use("Agg")
names, printed = {"__name__": "__main__"}, []
for number, cell in enumerate(json.load(sys.stdin)):
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(cell, f"cell {number}", "exec"), names)
    printed.append(told.getvalue())
json.dump(printed, sys.stdout)
"""


def links(folder):
    """The top of a source tree with its build, as far as tutorials go."""
    for name in ("cases", "docs", "examples", "include", "postprocess", "scripts", "src", "meshes"):
        os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
    os.symlink(BUILD, os.path.join(folder, "build"))
    tools = os.path.join(folder, "tools")
    os.mkdir(tools)
    for name, text in SLURM.items():
        with open(os.path.join(tools, name), "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o755)) as file:
            file.write(text)
    return dict(os.environ, PATH=tools + ":" + os.environ["PATH"], PYTHONPATH=PACKAGE, MPLBACKEND="Agg", PYTHONWARNINGS="ignore")


def execute(words, folder, environment, **more):
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{words}\n{done.stdout}{done.stderr}")
    return done.stdout


class Tutorials(unittest.TestCase):
    def follow(self, name):
        """Files, Python and commands of a page, and what it shows of them."""
        page = blocks(read(f"docs/tutorials/{name}.md"))
        notebook = json.loads(read(f"docs/tutorials/{name}.ipynb"))
        cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        self.assertTrue(all(block.text.strip() in cells for block in page if block.language == "python"), name)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        environment = links(folder.name)
        printed = json.loads(execute(["/usr/bin/python3", "-c", RUNNER], folder.name, environment, input=json.dumps(cells)))
        for block in page:
            if block.file:
                path = os.path.join(folder.name, block.file)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(block.text)
            if block.language == "console":
                for command, shown in commands(block):
                    told = execute(["bash", "-ec", command], folder.name, environment, stdin=subprocess.DEVNULL)
                    assert_shown(self, shown, told, command)
            if block.language == "python":
                assert_shown(self, block.shown, printed[cells.index(block.text.strip())], f"{name}: {block.text}")
            self.assertIn(block.language, ("console", "python", "toml", "cpp", "text"), name)
            self.assertTrue(block.file or block.language in ("console", "python", "text"), f"{name}: nobody runs\n{block.text}")
        return folder.name

    @unittest.skipUnless(os.path.isdir(PACKAGE), "built without the package for Python")
    def test_analyst(self):
        folder = self.follow("analyst")
        self.assertGreater(os.path.getsize(os.path.join(folder, "out/analyst/orders.png")), 10000)

    @unittest.skipUnless(os.path.isdir(PACKAGE), "built without the package for Python")
    def test_chemist(self):
        self.follow("chemist")

    @unittest.skipUnless(os.path.isdir(PACKAGE) and os.path.exists(os.path.join(BUILD, "libotto_torch.so")), "built without libtorch")
    def test_machine_learning(self):
        self.follow("machine_learning")

    def test_notebooks_are_up_to_date(self):
        self.assertEqual(len(glob.glob(os.path.join(ROOT, "docs/tutorials/*.ipynb"))), 3)
        subprocess.run([os.path.join(ROOT, "scripts/notebooks"), "--check"], check=True)


if __name__ == "__main__":
    unittest.main()
