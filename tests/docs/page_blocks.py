"""What the tests of pages share: the blocks of a page, commands with what they print, and figures as they are shown.

A page tells by its blocks:

    ```console     "$ command" and then lines that it prints; "..." stands for others
    ```python      run in one process from block to block; a ```text block right below shows lines that it prints
    ```toml, cpp   a file, where the line above ends with its name: `out/case.toml`:
"""

import os
import re
from dataclasses import dataclass

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ.get("OTTO", os.path.join(ROOT, "build", "otto"))
NUMBER = re.compile(r"(?<![\w.^²])[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


@dataclass
class Block:
    """A fenced block: its language, its text, the file it is (None: no file) and the lines that it is said to print."""
    language: str
    text: str
    file: str
    shown: list


def blocks(page):
    found, end = [], 0
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        between = page[end:match.start()]
        end = match.end()
        if match[1] == "text" and found and found[-1].language == "python" and not between.strip():
            found[-1].shown = [line for line in match[2].splitlines() if line != "..."]
            continue
        file = re.search(r"`([\w./-]+)`:\s*$", between)
        found.append(Block(match[1], match[2], file[1] if file else None, []))
    return found


def commands(block):
    """(command, lines shown) of a console block."""
    found = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line != "...":
            found[-1][1].append(line)
    return found


def assert_figures(test, shown, printed, place):
    """Numbers agree to the digits that are shown."""
    for a, b in zip(shown, printed, strict=True):
        digits = len(re.sub(r"e.*|[-+.]", "", a).lstrip("0"))
        if abs(float(a)) < 1e-9 and abs(float(b)) < 1e-9:
            continue  # rounding
        tolerance = 0.6 * 10.0**(1 - digits) + 1e-5 if digits > 1 else 0.06
        test.assertLess(abs(float(a) / float(b) - 1), tolerance, f"{place}: {a} is shown, {b} printed")


def assert_shown(test, shown, printed, place):
    """Each line shown is one of those printed, up to blanks and digits that are not shown."""
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    for line in shown:
        words = " ".join(NUMBER.sub("#", line).split())
        same = [other for other in lines if " ".join(NUMBER.sub("#", other).split()) == words]
        test.assertTrue(same, f"{place}\ndoes not print\n{line}\nbut\n" + "\n".join(lines))
        numbers = NUMBER.findall(line)
        best = min(same, key=lambda other: abs(float(NUMBER.findall(other)[0]) - float(numbers[0])) if numbers else 0)
        assert_figures(test, numbers, NUMBER.findall(best), place)
