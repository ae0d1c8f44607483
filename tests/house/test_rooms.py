"""The arrows between the rooms, as cmake/rooms.cmake draws them: followed by every #include and by every
symbol one room links from another."""

import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MODULES = {"torch": {"network", "core"}, "vtk": {"io", "core"}}  # loaded on demand, rooms of their own
# no header of these may include anything of casefile, and no file may name Case
NUMERICS = {"operators", "multigrid", "linear", "newton", "time", "geodesic", "flux"}


def arrows(text):
    """{room: rooms it stands on} of the otto_room lines, in their order."""
    drawn = {}
    for line in re.findall(r"^otto_room\(([^)]*)\)", text, re.MULTILINE):
        room, *below = line.split()
        drawn[room] = set(below)
    return drawn


def reach(drawn):
    """{room: every room it reaches along arrows, itself included}; rooms are drawn bottom up."""
    reached = {}
    for room, below in drawn.items():
        reached[room] = {room}.union(*(reached[b] for b in below))
    return reached


def room_of(path):
    found = re.match(r"(?:src|include/otto)/([a-z]+)/", path)
    return found.group(1) if found else None


def sources(root):
    for top in ("src", "include"):
        for where, _, files in os.walk(os.path.join(root, top)):
            for name in files:
                if name.endswith((".h", ".cpp")):
                    yield os.path.relpath(os.path.join(where, name), root)


def included_rooms(root, path):
    """(line number, room) of every header of the project that a file includes."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            found = re.match(r'#include "([^"]+)"', line)
            if not found:
                continue
            name = found.group(1)
            target = ("include/" + name if name.startswith("otto/")
                      else os.path.normpath(os.path.join(os.path.dirname(path), name)))
            if room_of(target):
                yield number, room_of(target)


def strays(root, reached):
    """Includes that follow no arrow."""
    return [f"{path}:{number}: {room_of(path)} -> {room}"
            for path in sorted(sources(root)) if room_of(path)
            for number, room in included_rooms(root, path)
            if room not in reached.get(room_of(path), set())]


def drawn_rooms():
    with open(os.path.join(ROOT, "cmake/rooms.cmake"), encoding="utf-8") as file:
        drawn = arrows(file.read())
    reached = reach(drawn)
    for module, below in MODULES.items():
        reached[module] = {module}.union(*(reached[b] for b in below))
    return drawn, reached


class Arrows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.drawn, cls.reached = drawn_rooms()

    def test_every_folder_is_a_room(self):
        folders = {room_of(path) for path in sources(ROOT)} - {None}
        self.assertEqual(folders, set(self.reached))

    def test_no_two_rooms_look_at_each_other(self):
        for room, below in self.reached.items():
            for other in below - {room}:
                self.assertNotIn(room, self.reached[other], f"{room} and {other}")

    def test_includes_follow_the_arrows(self):
        self.assertEqual(strays(ROOT, self.reached), [])

    def test_a_planted_include_is_found(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "src/mesh"))
            with open(os.path.join(root, "src/mesh/planted.cpp"), "w", encoding="utf-8") as file:
                file.write('#include "otto/mesh/mesh.h"\n#include "otto/time/stepper.h"\n')
            self.assertEqual(strays(root, self.reached), ["src/mesh/planted.cpp:2: mesh -> time"])

    def test_the_case_stays_at_the_door(self):
        found = []
        for path in sorted(sources(ROOT)):
            if room_of(path) not in NUMERICS:
                continue
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                text = file.read()
            if path.endswith(".h") and "otto/casefile/" in text:
                found.append(f"{path}: a header that includes casefile")
            if re.search(r"casefile/case\.h|(?<![\w.])Case\b(?=\s*[&(>*]|;)", text):
                found.append(f"{path}: names Case")
        self.assertEqual(found, [])


class Symbols(unittest.TestCase):
    """What the objects of a room leave undefined is defined in a room it reaches: an arrow drawn by a
    forward declaration is one, too."""

    def test_symbols_follow_the_arrows(self):
        build = os.path.dirname(os.environ.get("OTTO", ""))
        objects = os.path.join(build, "CMakeFiles")
        if not os.path.isdir(os.path.join(objects, "otto_core.dir")):
            self.skipTest("OTTO is not set, or not in its build folder")
        _, reached = drawn_rooms()
        defined, wanted = {}, {}
        for room in reached.keys() - MODULES.keys():
            files = [os.path.join(where, name)
                     for where, _, names in os.walk(os.path.join(objects, f"otto_{room}.dir"))
                     for name in names if name.endswith(".o")]
            listed = subprocess.run(["nm", "--format=posix", *files], text=True, check=True,
                                    capture_output=True).stdout
            wanted[room] = set()
            for line in listed.splitlines():
                words = line.split()
                if len(words) < 2 or not words[0].startswith("_Z"):
                    continue
                if words[1] == "U":
                    wanted[room].add(words[0])
                elif words[1] in "TDBR":  # weak ones (inline, templates) are everybody's
                    defined[words[0]] = room
        found = sorted((room, defined[symbol], symbol) for room, symbols in wanted.items()
                       for symbol in symbols
                       if symbol in defined and defined[symbol] not in reached[room])
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
