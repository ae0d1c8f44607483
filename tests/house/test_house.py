"""The rules of the house that a program can check: sizes, rooms, leftovers, scripts, links, cases."""

import os
import re
import statistics
import subprocess
import unittest

from functions import code_of, functions

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SKIP = {"build", "out", ".git", "__pycache__"}

# header -> the only places that may include it
ROOMS = {
    r"<(petsc|slepc)": r"^(src/core/petsc|include/otto/core/petsc_check\.h|src/(operators|linear|multigrid|newton)/|"
                      r"src/analysis/spectrum\.cpp|src/mesh/gmsh/partition/ptscotch\.cpp)",
    r"<vtk": r"^(src/vtk/|tests/)",
    r"<CLI/": r"^src/app/",
    r"<fftw3": r"^src/(geodesic|energy)/",
    r"<(H5|hdf5)": r"^(src/io/|include/otto/io/h5_handle\.h|src/app/info\.cpp|tests/)",
    r"<(torch|ATen|c10)": r"^src/torch/",
    r"<Random123": r"^src/core/random\.cpp",
}
FILES_WITH_CLI11 = 1


def tree(*folders):
    """Files below the folders (or the root), as paths relative to the root."""
    for folder in folders or ("",):
        for where, inside, files in os.walk(os.path.join(ROOT, folder)):
            inside[:] = [d for d in inside if d not in SKIP and not d.startswith("build-")]
            for name in files:
                yield os.path.relpath(os.path.join(where, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def sources(*folders):
    return sorted(f for f in tree(*folders) if f.endswith((".cpp", ".h")))


class Sources(unittest.TestCase):
    def test_files_are_short(self):
        lengths = {f: read(f).count("\n") for f in sources("include", "src")}
        self.assertLessEqual(statistics.median(lengths.values()), 200)
        self.assertEqual({f: n for f, n in lengths.items() if n > 600}, {})

    def test_functions_are_short(self):
        long = [f"{f}:{line}: {name}, {lines} lines" for f in sources("include", "src")
                for line, name, lines in functions(read(f)) if lines > 60]
        self.assertEqual(long, [])

    def test_functions_are_found(self):
        """The rule above sees members, constructors, operators, templates and lambdas of declarations."""
        body = "  x;\n" * 70
        heads = ("int f(int a) {", "A::A(int a) : a_(a), b_{a} {", "template <class T>\nauto g(T t) -> T {",
                 "bool operator()(int) const noexcept override {", "class A {\n void m() {",
                 "const Register r{{.make = [](int a) -> int {", "namespace n {\nvoid h() {")
        for head in heads:
            close = "}\n" * (head.count("{") - head.count("}"))
            found = functions(f'#include "a.h"\n{head} // {{\n if (a) {{ s = "}}{{"; }}\n{body}{close}')
            self.assertEqual([lines > 70 for _, _, lines in found], [True], head)
        self.assertEqual(functions("const Declare keys{{},\n" + "{{1}},\n" * 70 + "};\n"), [])

    def test_foreign_headers_stay_in_their_rooms(self):
        strays = []
        for file in sources("include", "src", "tests"):
            for header, rooms in ROOMS.items():
                included = re.search(rf"^#include {header}\S*", read(file), re.MULTILINE)
                if included and not re.match(rooms, file):
                    strays.append(f"{file}: {included.group()}")
        self.assertEqual(strays, [])

    def test_the_slow_command_line_header_is_compiled_once(self):
        users = [f for f in sources("include", "src", "tests") if "#include <CLI/CLI.hpp>" in read(f)]
        self.assertLessEqual(len(users), FILES_WITH_CLI11, users)

    def test_main_is_a_few_lines(self):
        self.assertLess(read("src/app/main.cpp").count("\n"), 40)

    def test_nothing_is_left_undone(self):
        left = re.compile(r"\b(TO" + "DO|FIX" + r"ME|XX" + r"X)\b")
        folders = ("include", "src", "tests", "scripts", "postprocess", "cases", "bench", "cmake")
        found = [f for f in tree(*folders)
                 if f.endswith((".cpp", ".h", ".py", ".c", ".cmake", ".txt", ".toml", ".md"))
                 and left.search(read(f))]
        self.assertEqual(found, [])

    def test_names_say_min_and_max(self):
        """Not least and most, outside of comments and messages."""
        found = [f"{f}: {word}" for f in sources("include", "src")
                 for word in re.findall(r"\b(?:least|most)(?:_\w*)?\b", code_of(read(f)))]
        self.assertEqual(found, [])

    def test_v_has_one_name(self):
        """V is the external energy; the other word alone is ambiguous here."""
        word = re.compile(r"(?<!chemical )(?<!chemical_)\bpotential\b(?! energy)", re.IGNORECASE)
        texts = [f for f in tree("cases", "docs", "src/app") if f.endswith((".md", ".cpp", ".toml"))]
        found = [f for f in texts + ["README.md"] if word.search(read(f))
                 and not f.startswith("docs/notation")]
        self.assertEqual(found, [])


class Scripts(unittest.TestCase):
    def test_every_script_explains_itself(self):
        folders = ("scripts", "postprocess", "bench")
        for file in tree(*folders):
            path = os.path.join(ROOT, file)
            if not os.access(path, os.X_OK) or not read(file).startswith("#!"):
                continue
            done = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60,
                                  stdin=subprocess.DEVNULL, check=False)
            self.assertEqual(done.returncode, 0, f"{file} --help: {done.stderr}")
            self.assertGreater(len(done.stdout.split()), 5, f"{file} --help says nothing")

    def test_the_package_list_is_read(self):
        done = subprocess.run([os.path.join(ROOT, "scripts/install-deps"), "--list"], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=True)
        listed = done.stdout.split()
        self.assertIn("petsc-dev", listed)
        self.assertEqual(len(listed), len(set(listed)))


class Documents(unittest.TestCase):
    def test_links_lead_somewhere(self):
        broken = []
        for file in tree():
            if not file.endswith(".md"):
                continue
            text = re.sub(r"```.*?```", "", read(file), flags=re.DOTALL)
            for link in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", link) or link.startswith("#"):
                    continue
                target = os.path.join(ROOT, os.path.dirname(file), link.split("#")[0])
                if not os.path.exists(target):
                    broken.append(f"{file}: {link}")
        self.assertEqual(broken, [])

    def test_commands_in_documents_exist(self):
        """What stands in a console block and belongs to the tree is there, or is made by a command and ignored by git."""
        missing, made = [], read(".gitignore").split()
        for file in tree():
            if not file.endswith(".md"):
                continue
            for block in re.findall(r"```(?:sh|console|bash)\n(.*?)```", read(file), re.DOTALL):
                words = re.findall(r"(?<![\w./-])((?:scripts|postprocess|bench|cases|meshes)/[\w./-]+)",
                                   block)
                missing += [f"{file}: {w}" for w in words
                            if not os.path.exists(os.path.join(ROOT, w)) and "/" + w not in made]
        self.assertEqual(missing, [])

    def test_otto_commands_in_documents_exist(self):
        otto = os.environ.get("OTTO")
        if not otto:
            self.skipTest("OTTO is not set")
        used = set()
        for file in tree():
            if file.endswith(".md"):
                for block in re.findall(r"```(?:sh|console|bash)\n(.*?)```", read(file), re.DOTALL):
                    used |= set(re.findall(r"\bbuild/otto (\w+)", block))
        done = subprocess.run([otto, "--help"], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0)
        self.assertEqual({c for c in used if c not in done.stdout.split()}, set())


class Cases(unittest.TestCase):
    def test_every_case_is_complete(self):
        cases = [d for d in sorted(os.listdir(os.path.join(ROOT, "cases")))
                 if os.path.isdir(os.path.join(ROOT, "cases", d)) and d not in SKIP]
        self.assertTrue(cases)
        for case in cases:
            for name in ("case.toml", "README.md", "expected.toml"):
                self.assertTrue(os.path.exists(os.path.join(ROOT, "cases", case, name)),
                                f"cases/{case}/{name}")
            readme = read(f"cases/{case}/README.md")
            self.assertIn(f"cases/{case}/case.toml", readme, "the command is missing")
            self.assertIn(f"images/cases/{case}.png", readme, "the picture is missing")


if __name__ == "__main__":
    unittest.main(verbosity=2)
