"""The functions of a C++ source and how many lines each takes, by its braces: enough for formatted code."""

import re

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|'
                             r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)
CONTROL = re.compile(r"\b(if|for|while|switch|catch|do|else|try)\b[^;{}]*$")


def blank(match):
    """A comment or literal as spaces, so that lines and places stay."""
    return re.sub(r"[^\n]", " ", match.group())


def code_of(text):
    """The text without comments, literals and directives, its lines and places kept."""
    return re.sub(r"^#.*$", blank, COMMENT_OR_TEXT.sub(blank, text), flags=re.MULTILINE)


def functions(text):
    """(line of its head, name, lines) of every function and of every lambda that stands in none."""
    code = code_of(text)
    found, open_braces, head = [], [], 0  # head: where the present declaration began
    for place, sign in enumerate(code):
        if sign == "{":
            before = code[head:place]
            inside = any(kind == "function" for kind, _, _ in open_braces)
            kind = "other"
            if not inside and re.search(r"\bnamespace\b", before):
                kind = "namespace"
            elif not inside and re.search(r"\b(class|struct|union|enum)\b[^()=]*$", before):
                kind = "class"
            elif not inside and is_function(before):
                kind = "function"
            open_braces.append((kind, head, before))
            if kind != "other":
                head = place + 1
        elif sign == "}":
            kind, start, before = open_braces.pop()
            if kind == "function":
                first = start + len(before) - len(before.lstrip())
                line = code.count("\n", 0, first) + 1
                found.append((line, name_of(before), code.count("\n", first, place) + 1))
            if kind != "other":
                head = place + 1
        elif sign == ";" and not any(kind in ("function", "other") for kind, _, _ in open_braces):
            head = place + 1
    return found


def is_function(before):
    """Whether what stands before a brace opens a body: a parameter list, or a lambda without one."""
    if CONTROL.search(before):
        return False
    tail = before.rstrip()
    if tail.endswith("]") and re.search(r"\[[^\[\]]*\]$", tail):
        return True
    return bool(re.search(r"\)\s*(const|noexcept|override|final|mutable|->[^;{}]+|\s)*$", tail)
                or re.search(r"\)\s*(noexcept\s*)?:\s*[^;]*[)}]\s*$", tail, re.DOTALL))


def name_of(before):
    found = re.search(r"([\w:~]+|operator\S+)\s*\(", before)
    return found.group(1) if found else "lambda"
