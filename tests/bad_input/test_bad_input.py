"""Every curated bad input, on 1 and on 3 ranks: the status, one message with the place, the
offending word and the suggestion, nothing of a foreign library, and no waiting."""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import bad_meshes
from answers import otto
from bad_cases import BASE, all_bad, encoded
from bad_networks import networks

OTTO = os.environ["OTTO"]
PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))  # times as long as usual: sanitizers
LIMIT = 10 * PATIENCE  # seconds; a busy machine takes a few for three ranks
# Open MPI 5 says on standard error where it finds no network; other plug-ins take a second to start.
QUIET = {**os.environ, "OMPI_MCA_btl": "self,vader"}
FOREIGN = re.compile(r"Traceback|terminate called|what\(\)|PETSC ERROR|Segmentation|HDF5-DIAG|"
                     r"Backtrace|\[\d+\]PETSC|std::|toml::|mu::|basic_string|MPI_ABORT|Signal:|"
                     r"internal error", re.I)


def run(arguments, folder, ranks):
    """With a start of the program."""
    launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
    return subprocess.run([*launch, OTTO, *arguments], cwd=folder, capture_output=True, timeout=60 * PATIENCE, env=QUIET,
                          text=True, errors="replace", check=False)


def tree(folder):
    """Every file with its content, and every folder."""
    found = {}
    for path, folders, files in os.walk(folder):
        found.update({os.path.join(path, name): None for name in folders})
        for name in files:
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.join(path, name)] = file.read()
    return found


def started(bad):
    """What `main` does with the command line is seen where the program starts by itself."""
    return bad.arguments[0] not in ("check", "run") or bad.content == encoded(BASE) or "out/deep" in bad.arguments


def write(bad, folder):
    for name, content in {"case.toml": bad.content, **bad.files}.items():
        if content is not None:
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as out:
                out.write(content)


def complaints(bad, ranks, alone):
    """What is wrong with the program's answer to one bad input, and how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        write(bad, folder)
        before, start = tree(folder), time.monotonic()
        done = (run if alone else otto)(bad.arguments, folder, ranks)
        seconds, after, text = time.monotonic() - start, tree(folder), done.stderr
    wrong = []
    if bad.arguments[0] in ("run", "spectrum", "check") and bad.status == 2 and after != before:
        wrong.append(f"leaves {sorted(set(after) ^ set(before))}")
    if done.returncode != bad.status:
        wrong.append(f"status {done.returncode}, not {bad.status}")
    if text.count("otto: ") != 1:
        wrong.append(f"{text.count('otto: ')} messages")
    places = re.findall(r"case\.toml:(\d+)", text)
    if bad.line is None and places or bad.line is not None and places != [str(bad.line)]:
        wrong.append(f"names the lines {places}, not {bad.line}")
    wrong += [f"does not say {word!r}" for word in bad.words if word not in text]
    wrong += [f"says {word!r}" for word in bad.never if word in text]
    if bad.suggestion and bad.suggestion not in text:
        wrong.append(f"does not suggest {bad.suggestion!r}")
    if FOREIGN.search(text):
        wrong.append(f"foreign text {FOREIGN.search(text).group()!r}")
    if seconds > LIMIT:
        wrong.append(f"took {seconds:.1f} s")
    message = text.strip().split("\n-----")[0]
    return [f"{bad.name}, {ranks} rank(s): {w}\n    {message[:400]}" for w in wrong], seconds


class BadInput(unittest.TestCase):
    def check_all(self, ranks):
        bads = all_bad() + list(bad_meshes.bad_meshes()) + networks()
        self.assertGreaterEqual(len(bads), 330)
        alone = {bad.name for bad in [bad for bad in bads if started(bad)][::1 if ranks == 1 else 8]}
        found = [complaints(bad, ranks, bad.name in alone) for bad in bads]
        slowest = max(range(len(bads)), key=lambda i: found[i][1])
        print(f"{len(bads)} bad inputs on {ranks} rank(s), {len(alone)} of them with a start of the program each; slowest: "
              f"{bads[slowest].name}, {found[slowest][1]:.1f} s", flush=True)
        wrong = [line for lines, _ in found for line in lines]
        self.assertFalse(wrong, "\n" + "\n".join(wrong))

    def test_on_one_rank(self):
        self.check_all(1)

    def test_on_three_ranks(self):
        self.check_all(3)


class GoodCommands(unittest.TestCase):
    """Commands that only print do so once on any number of ranks, from any folder."""

    def test_printed_once(self):
        commands = [([], "otto demo"), (["--help"], "Usage: otto"), (["run", "--help"], "-o,--output"), (["--version"], "otto 0."),
                    (["info"], "PETSc"), (["explain"], "  [mesh]  "), (["explain", "time.step"], "time.step\n"),
                    (["schema"], '"$schema"'), (["schema", "--draft", "4"], "draft-04"), (["schema", "--markdown"], "# The case")]
        with tempfile.TemporaryDirectory() as folder:
            for number, (arguments, words) in enumerate(commands):
                with self.subTest(arguments=arguments):
                    done = (run if number < 2 else otto)(arguments, folder, 3)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(done.stdout.count(words), 1)
            self.assertEqual(os.listdir(folder), [])

    def test_explain_finds_keys_tables_choices_and_names(self):
        for word, words in [("energy", "[[energy]]"), ("energy.library", "muller_brown"),
                            ("tr_bdf2", "time.scheme"), ("temperature", "greater than 0")]:
            with self.subTest(word=word):
                done = otto(["explain", word])
                self.assertEqual(done.returncode, 0)
                self.assertIn(words, done.stdout)

    def test_full_device_is_an_output_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([OTTO, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 4)
        self.assertIn(b"standard output", done.stderr)


class GoodInput(unittest.TestCase):
    """The case that is spoilt above is itself good, and so is a long list of overrides of it."""

    def check_good(self, *words, case=BASE, mesh=None):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "case.toml"), "wb") as out:
                out.write(encoded(case))
            if mesh is not None:
                with open(os.path.join(folder, "mesh.msh"), "wb") as out:
                    out.write(encoded(mesh))
            done = run(["check", "case.toml", *words], folder, 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a good case", done.stdout)

    def test_base_case(self):
        self.check_good()

    def test_base_mesh(self):
        self.check_good(case=bad_meshes.CASE, mesh=bad_meshes.MESH)

    def test_overrides(self):
        self.check_good("--set", "time.step=0.005", "--set", "energy[1].temperature=2",
                        "--set", "energy.temperature=3", "--set", "energy[2].expression=x^2",
                        "--set", "time.scheme=tr_bdf2", "--set", "title=two words",
                        "--set", "flux.kind='square_root'", "--set", "petsc.ksp_rtol=1e-8",
                        "--set", "energy[3].kind=external", "--set", "energy[3].library=cosine")


if __name__ == "__main__":
    unittest.main()
