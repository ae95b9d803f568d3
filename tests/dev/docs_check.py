"""What the documents name exists.

Checks each Markdown file of the tree: a relative link leads to a file, and its #anchor to a heading there; a path in backticks
that begins with a folder of the tree, or is a file at its root, exists (`*` and `{a,b}` as the shell reads them). What stands
in build/ or results/ is made later and not asked for. Code fences are not read for links.

usage: docs_check.py SOURCE_DIR
"""
import itertools
import pathlib
import re
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
FOLDERS = ("sim", "models", "analysis", "app", "configs", "tests", "benchmarks", "docs", "cmake", ".ci")
FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.M)


def anchors(markdown):
    """Anchors of the headings, as GitHub derives them: lower case, punctuation dropped, spaces to '-'."""
    for heading in HEADING.findall(FENCE.sub("", markdown)):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def alternatives(pattern):
    """Expands {a,b} as a shell does."""
    pieces = [p[1:-1].split(",") if p.startswith("{") else [p] for p in re.split(r"(\{[^{}]*\})", pattern)]
    return ("".join(choice) for choice in itertools.product(*pieces))


def problems_of(path):
    markdown = path.read_text()
    prose = FENCE.sub("", markdown)
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists():
            yield f"link to {target}: no such file"
        elif anchor and anchor not in anchors(there.read_text()):
            yield f"link to {target}: no such heading"
    for words in CODE.findall(prose):
        for word in words.split():
            first = word.partition("/")[0]
            at_root = re.fullmatch(r"[A-Z]\w+\.(md|txt|json)|LICENSE|\.clang-\w+|\./dev", word)
            if not at_root and ("/" not in word or first not in FOLDERS or "<" in word or "..." in word):
                continue
            for name in alternatives(word.split(":")[0].rstrip(".,;")):
                if not any(SOURCE.glob(name.removeprefix("./").rstrip("/"))):
                    yield f"`{word}`: no such file"


documents = sorted(p for p in SOURCE.rglob("*.md") if p.relative_to(SOURCE).parts[0] not in ("build", "results", ".git"))
found = [f"{path.relative_to(SOURCE)}: {problem}" for path in documents for problem in problems_of(path)]
print(f"{len(documents)} documents")
sys.exit("\n".join(found) if found else 0)
