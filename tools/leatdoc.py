# SPDX-License-Identifier: MIT
"""Reads the documentation out of the public headers; mkdoc and check-docs build on it.

A comment that opens with two stars documents the declaration that follows it; check-docs refuses
a second one before the next blank line:

    /**
     * One sentence that says what it does.
     *
     * More, in paragraphs; lines indented by four or more are a program.
     *
     * Go         the same thing in Go
     * Param      name    what it is
     *            and so on
     */

The keywords are KEYWORDS, in that order, each of them present; Param stands once for every
parameter (or once, `none`). A type's comment needs no keywords.
"""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The library's own headers, then those of the drivers.
INCLUDES = [ROOT / "include", *sorted(ROOT.glob("drivers/*/include"))]
KEYWORDS = ("Go", "Blocks", "Cancel", "Callable", "Ownership", "Ordering",
            "Param", "Returns", "Fatal", "See", "Since")

COMMENT = re.compile(r"^/\*\*\n(.*?)\*/\n|^/\*\* (.*?) \*/\n", re.M | re.S)
KEYWORD = re.compile(r"([A-Z][a-z]+)(?:  +(\S.*))?$")
ATTRIBUTE = re.compile(r"\b(?:LEAT_API|LEAT_NODISCARD|LEAT_NORETURN|extern|static inline)\s+"
                       r"|\bLEAT_PRINTF\([^)]*\)\s*|\s*__attribute__\(\(.*?\)\)")
MACRO = re.compile(r"#define (leat_[a-z0-9]\w*)(\(([^)]*)\))?")
FUNCTION = re.compile(r"[^#{}=]*?\b(leat_[a-z0-9]\w*)\((.*)\)\s*(?:;|\{)", re.S)


@dataclasses.dataclass
class Name:
    """One public function or macro."""
    name: str
    header: str
    line: int
    text: str      # the declaration, on one line
    params: list   # their names; "..." for the rest
    macro: bool


@dataclasses.dataclass
class Entry:
    """One documentation comment and what it documents."""
    header: str
    line: int
    summary: str
    body: list     # paragraphs: (is it a program?, lines)
    fields: list   # (keyword, text)
    names: list    # of Name; empty for a type

    def get(self, keyword):
        return [text for key, text in self.fields if key == keyword]


@dataclasses.dataclass
class Header:
    path: pathlib.Path
    name: str      # as it is included: leat/chan.h
    head: list     # paragraphs of its opening comment
    entries: list
    names: list    # every public function and macro, documented or not


def version():
    text = (ROOT / "include/leat/base.h").read_text()
    parts = (re.search(rf"^#define LEAT_VERSION_{p} +(\d+)", text, re.M)
             for p in ("MAJOR", "MINOR", "PATCH"))
    return ".".join(part[1] for part in parts)


def split_params(text):
    """The parameters of a declaration or macro, split at the commas outside of brackets."""
    depth, parts = 0, [""]
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [p.strip() for p in parts if p.strip() not in ("", "void")]


def param_name(text):
    pointer = re.search(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*\)", text)
    if pointer:
        return pointer[1]
    if text == "...":
        return text
    return re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", text)[1]


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


def statements(text):
    """(offset, statement) of the declarations and macros of a header, comments blanked."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), text,
                  flags=re.S)
    for match in re.finditer(r"^#define (?:[^\n]*\\\n)*[^\n]*|^[A-Za-z_][^#;{}]*[;{]", text,
                             re.M):
        yield match.start(), match[0]


def public_names(header, text):
    for offset, statement in statements(text):
        line = text.count("\n", 0, offset) + 1
        macro = MACRO.match(statement)
        if macro:
            params = [p.rstrip("_") for p in split_params(macro[3] or "")]
            shown = ", ".join(params)
            shown = f"{macro[1]}({shown})" if macro[2] else macro[1]
            yield Name(macro[1], header, line, shown, params, True)
            continue
        function = FUNCTION.match(ATTRIBUTE.sub("", statement))
        if function and not statement.startswith("typedef"):
            params = [param_name(p) for p in split_params(function[2])]
            shown = one_line(ATTRIBUTE.sub("", statement).rstrip("{; \n")) + ";"
            yield Name(function[1], header, line, shown, params, False)


def paragraphs(lines):
    """Groups lines into (is it a program?, lines); a program keeps its inner indentation."""
    groups = []
    for line in lines + [""]:
        program = line.startswith("    ")
        if not line:
            if groups and groups[-1][0]:
                groups[-1][1].append("")
            else:
                groups.append((False, []))
        elif groups and groups[-1][0] == program:
            groups[-1][1].append(line[4:] if program else line)
        else:
            groups.append((program, [line[4:] if program else line]))
    for program, group in groups:
        while group and not group[-1]:
            group.pop()
        if group:
            yield program, group


def uncomment(text):
    return [re.sub(r"^ ?\* ?", "", line).rstrip() for line in text.split("\n")]


def parse_comment(text):
    """(summary, body, fields) of a documentation comment."""
    lines, fields = [], []
    for line in uncomment(text):
        match = KEYWORD.match(line)
        if match and (match[1] in KEYWORDS or fields):
            fields.append((match[1], match[2] or ""))
        elif fields and line:
            key, value = fields[-1]
            fields[-1] = (key, value + "\n" + line.strip())
        else:
            lines.append(line)
    body = list(paragraphs(lines))
    summary = " ".join(body[0][1]) if body else ""
    return summary, body[1:], fields


def read_header(path):
    name = str(path.relative_to(next(top for top in INCLUDES if top in path.parents)))
    text = path.read_text()
    head = re.search(r"^/\*\n(.*?)\*/", text, re.M | re.S)
    names = list(public_names(name, text))
    entries = []
    for match in COMMENT.finditer(text):
        end = text.find("\n\n", match.end())
        first = text.count("\n", 0, match.end()) + 1
        last = text.count("\n", 0, end if end >= 0 else len(text)) + 1
        covered = [n for n in names if first <= n.line <= last]
        entries.append(Entry(name, text.count("\n", 0, match.start()) + 1,
                             *parse_comment(match[1] or match[2]), covered))
    opening = list(paragraphs(uncomment(head[1]))) if head else []
    return Header(path, name, opening, entries, names)


def headers():
    """Every public C header, the umbrella first, the drivers' last."""
    found = [ROOT / "include/leat.h"]
    for top in INCLUDES:
        found += sorted(p for p in top.rglob("leat/**/*.h") if "detail" not in p.parts)
    return [read_header(p) for p in found]
