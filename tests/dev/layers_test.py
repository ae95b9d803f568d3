"""The build rejects an include that goes against the direction of dependency.

Goal: sim/core cannot include models/..., and so on for each pair of code folders. Method: the compiler itself is asked, with
the include path that the build gives to a folder's sources (written by CMake), which headers of the other folders it finds;
the answer may hold nothing that layers.txt, a table kept by hand, does not allow. One wrong and one right include are
compiled in earnest, and the wrong one must fail because the header is not found. Includes that would go around the include
path ("../x.h") and libraries away from their edge are found in the text.

usage: layers_test.py SOURCE_DIR PATHS_FILE COMPILER
PATHS_FILE has one line a folder: the folder, a tab, its include directories separated by ':'.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1])
COMPILER = [sys.argv[3], "-std=c++20", "-x", "c++"]
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
failures = []


def check(holds, message):
    if not holds:
        failures.append(message)


def read_table():
    folders, libraries = {}, {}
    for line in (SOURCE / "tests/dev/layers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, allowed = line.split(":")
            table = libraries if name.startswith("<") else folders
            table[name.lstrip("<")] = set(allowed.split())
    return folders, libraries


def sources_of(folder):
    """Files of the folder, without those of a folder below it that is a layer of its own."""
    for path in sorted((SOURCE / folder).rglob("*")):
        owner = next((str(p.relative_to(SOURCE)) for p in path.parents if str(p.relative_to(SOURCE)) in folders), None)
        if path.suffix in (".h", ".cpp") and owner == folder:
            yield path


def run_compiler(text, include_path, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as unit:
        unit.write(text)
        unit.flush()
        command = COMPILER + [f"-I{d}" for d in include_path.split(":") if d] + [*options, unit.name]
        return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})


folders, libraries = read_table()
paths = dict(line.split("\t") for line in pathlib.Path(sys.argv[2]).read_text().splitlines() if line)
headers = {f: next((str(p.relative_to(SOURCE)) for p in sources_of(f) if p.suffix == ".h"), None) for f in folders}
headers = {f: h for f, h in headers.items() if h}

check(set(paths) <= set(folders), f"folders that layers.txt does not know: {sorted(set(paths) - set(folders))}")
pairs = 0
for folder, include_path in paths.items():
    questions = "".join(f'#if __has_include("{h}")\nreaches {f}\n#endif\n' for f, h in headers.items() if f != folder)
    answer = run_compiler(questions, include_path, "-E", "-P")
    check(answer.returncode == 0, f"{folder}: the compiler could not be asked: {answer.stderr}")
    reached = set(re.findall(r"^reaches (\S+)$", answer.stdout, re.M))
    pairs += len(headers)
    for other in sorted(reached - folders.get(folder, set())):
        failures.append(f"{folder} can include {headers[other]}, which layers.txt does not allow")

# In earnest, and both ways: an include path that is simply broken would pass the test above.
wrong = run_compiler('#include "models/walk/walk.h"\n', paths["sim/core"], "-fsyntax-only")
check(wrong.returncode != 0, "sim/core could include models/walk/walk.h")
check(re.search(r"models/walk/walk\.h.*(No such file or directory|file not found)", wrong.stderr),
      f"sim/core including models/walk/walk.h failed for another reason:\n{wrong.stderr}")
right = run_compiler('#include "sim/core/time.h"\n', paths["models/walk"], "-fsyntax-only")
check(right.returncode == 0, f"models/walk could not include sim/core/time.h:\n{right.stderr}")

for folder in folders:
    for path in sources_of(folder):
        for kind, name in INCLUDE.findall(path.read_text()):
            where = f"{path.relative_to(SOURCE)} includes {name}"
            if kind == '"' and name != "version_values.h":
                check(any(name.startswith(f + "/") for f in folders) and ".." not in name,
                      f"{where}: not written from the root of the tree")
            for library, allowed in libraries.items():
                check(not (kind == "<" and name.startswith(library)) or folder in allowed,
                      f"{where}: this library belongs to {', '.join(sorted(allowed)) or 'no code folder'}")

# What lies below knows no word of what it is used for. Comments and texts may say whose behaviour a reader follows.
CLUSTER_WORD = re.compile(r"\b(Kubernetes|KubeProxy|Kubelet|Service|Endpoint|Pod|Deployment|DaemonSet|Quantity|Selector)\w*")
for folder in folders:
    for path in sources_of(folder) if folder.startswith("sim/") else ():
        code = re.sub(r'//[^\n]*|"(?:\\.|[^"\\\n])*"', "", path.read_text())
        found = CLUSTER_WORD.search(code)
        check(found is None, f"{path.relative_to(SOURCE)}: '{found and found.group()}' is a word of models")

print(f"{len(paths)} folders, {pairs} pairs asked")
sys.exit("\n".join(failures) if failures else 0)
