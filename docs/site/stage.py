#!/usr/bin/env python3
"""stage.py: lays the pages of the site out for Sphinx.

    docs/site/stage.py FOLDER

copies the pages of the tree to FOLDER as they lie in the tree, so that their links hold, with the pictures and files they show. It
writes gallery.md from the cases, lists the pages of a folder in the contents of its first page, and turns links to folders, which a
site has not, into links to their README or into plain text.
"""

import glob
import os
import re
import shutil
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md", "cases/**/*.md", "meshes/*.md", "bench/**/*.md",
         "examples/**/*.md", "tests/fuzz/README.md")
# page -> the pages below it in the contents, beside those it names itself
CHILDREN = {
    "docs/methods.md": ["methods/schemes.md", "methods/two_point.md", "methods/*.md"],
    "docs/results/README.md": ["*.md"],
    "docs/decisions/README.md": ["*.md"],
    "docs/meshes.md": ["../meshes/README.md"],
    "cases/README.md": ["*/README.md", "*/*.md"],
    "CONTRIBUTING.md": ["bench/**/*.md", "examples/**/*.md", "tests/fuzz/README.md"],
}
LINK = re.compile(r"(?<!\\)(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def write(folder, path, text):
    target = os.path.join(folder, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.exists(target) or open(target, encoding="utf-8").read() != text:  # what has not changed is not built again
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)


def pages():
    found = []
    for pattern in PAGES:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True)):
            path = os.path.relpath(path, ROOT)
            if not path.startswith("docs/site/") and path not in found:
                found.append(path)
    return found


def outside_code(change, text):
    """`change` applied to what is neither a fenced block nor a code span."""
    parts = re.split(r"(^(?:```|:::).*?^(?:```|:::)\s*$|`[^`\n]+`)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if i % 2 else change(part) for i, part in enumerate(parts))


def links(path, text, known, files):
    """The text with links that a site can follow; `files` gathers what it shows beside pages."""
    def change(match):
        bang, label, target = match.groups()
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not name:
            return match[0]
        there = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if os.path.isdir(os.path.join(ROOT, there)):
            readme = os.path.join(there, "README.md")
            return f"[{label}]({os.path.relpath(readme, os.path.dirname(path) or '.')})" if readme in known else label
        if there not in known:
            files.add(there)
        return match[0]

    return LINK.sub(change, text)


def children(path, known):
    """The pages below this one, in the order of its own links, then by name."""
    folder = os.path.dirname(path)
    below = []
    for pattern in CHILDREN[path]:
        for found in sorted(glob.glob(os.path.join(ROOT, folder, pattern), recursive=True)):
            found = os.path.relpath(found, ROOT)
            if found in known and found != path and found not in below:
                below.append(found)
    order = re.findall(r"\]\(([^)#\s]+\.md)", read(path))
    order = [os.path.normpath(os.path.join(folder, name)) for name in order]
    below.sort(key=lambda name: order.index(name) if name in order else len(order))
    entries = "\n".join("/" + name[:-3] for name in below)
    return f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def gallery():
    """A card for every case with a picture: its title, its picture, and its row of the list of cases."""
    cards = []
    for names, shows, exact in re.findall(r"^\| (.*?\]\(.*?\).*?) \| (.*?) \| (.*?) \|$", read("cases/README.md"), re.MULTILINE):
        for path in re.findall(r"\((\w+/README\.md)\)", names):
            text = read(os.path.join("cases", path))
            title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
            picture = re.search(r"!\[([^\]]*)\]\(([^)]+\.png)\)", text)
            shown = os.path.normpath(os.path.join("cases", os.path.dirname(path), picture[2]))
            cards.append(f"::::{{container}} card\n[![{picture[1]}]({shown})](cases/{path})\n\n"
                         f"**[{title}](cases/{path})**\n\n{shows[0].upper()}{shows[1:]}. Compared with: {exact}.\n::::\n")
    intro = (f"# Gallery\n\nThe {len(cards)} cases of `cases/`. Each has a page with its equation, its exact figures and the command that "
             "runs it.\n\n")
    return intro + ":::::{container} gallery\n" + "\n".join(cards) + ":::::\n"


def for_sphinx(path, text, known, files):
    text = outside_code(lambda part: links(path, part, known, files), text)
    text = re.sub(r"^```math$", "```{math}", text, flags=re.MULTILINE)
    return text + (children(path, known) if path in CHILDREN else "")


def stage(folder):
    known, files = pages(), set()
    made = {path: for_sphinx(path, read(path), known, files) for path in known}
    made["index.md"] = for_sphinx("index.md", read("docs/site/index.md.in"), known + ["gallery.md"], files)
    made["gallery.md"] = for_sphinx("gallery.md", gallery(), known, files)
    for path, text in made.items():
        write(folder, path, text)
    for path in files:
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(os.path.join(ROOT, path)):
            sys.exit(f"stage.py: a page links to {path}, which is not there")
        shutil.copy2(os.path.join(ROOT, path), target)
    for where, inside, names in os.walk(folder):  # pages that are gone from the tree
        if where == folder:
            inside[:] = [name for name in inside if not name.startswith("_")]
        for name in names:
            path = os.path.relpath(os.path.join(where, name), folder)
            if path not in made and path not in files:
                os.remove(os.path.join(where, name))


def headers(folder):
    """The headers meant for others, as cmake/install.cmake lists them, for Doxygen."""
    listed = re.search(r"set\(OTTO_PUBLIC_HEADERS\n(.*?)\)", read("cmake/install.cmake"), re.DOTALL)[1].split()
    for name in listed:
        target = os.path.join(folder, "otto", name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(ROOT, "include", "otto", name), target)


def theme(folder):
    """Debian's files of the theme ask a server for /javascript/normalize.css, and their script imports another, which a page opened from a
    folder may not: here each is one file."""
    import furo
    static = os.path.join(os.path.dirname(furo.__file__), "theme", "furo", "static")
    parts = {}
    for name in ("styles/furo.css", "scripts/furo.js", "scripts/gumshoe-patched.js"):
        path = os.path.join(static, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                parts[name] = file.read()
    style, script = parts["styles/furo.css"], parts["scripts/furo.js"]
    style = re.sub(r'@import url\("?(/javascript/[^)"]+)"?\);', lambda match: open("/usr/share" + match[1], encoding="utf-8").read(), style)
    script, imports = re.subn(r'^import Gumshoe from "./gumshoe-patched.js";\n', "", script)
    write(folder, "_static/styles/furo.css", style)
    write(folder, "_static/scripts/furo.js", (parts["scripts/gumshoe-patched.js"] + "\n" if imports else "") + script)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    stage(sys.argv[1])
    theme(sys.argv[1])
    headers(os.path.join(sys.argv[1], "_headers"))
