"""clang-tidy over the sources of the code folders, each only when something that it reads has changed.

A preset with unity builds has a dozen sources in a translation unit, whose headers are read once. A unit is known by a hash of its compile command, .clang-tidy, and the text of every file of the tree that it
includes (as ninja recorded them when it compiled it). What passed once under a hash, in whatever clone, is not asked again for
a month: a first run takes minutes and later ones seconds. Tests and benchmarks are left to the compilers' warnings.

usage: tidy.py BUILD_DIR    (a build folder of a preset that compiles with clang 14, built)
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
PASSED = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "knetsim/tidy"
KEPT_S = 30 * 24 * 3600
TIDY = "clang-tidy-14"
FOLDERS = ("sim", "models", "analysis", "app")


def recorded_includes():
    """Object file -> the files of the tree that it was compiled from."""
    includes, current = {}, None
    for line in subprocess.run(["ninja", "-C", BUILD, "-t", "deps"], check=True, capture_output=True, text=True).stdout.splitlines():
        if line and not line.startswith(" "):
            current = includes.setdefault(line.split(":")[0], set())
        elif line.strip():
            path = pathlib.Path(os.path.realpath(BUILD / line.strip()))
            if path.is_relative_to(SOURCE) and not path.is_relative_to(BUILD):
                current.add(path)
    return includes


def key_of(unit, files):
    digest = hashlib.sha256(unit["command"].replace(str(SOURCE), "").encode() + (SOURCE / ".clang-tidy").read_bytes())
    for path in sorted(files):
        digest.update(str(path.relative_to(SOURCE)).encode() + path.read_bytes())
    return digest.hexdigest()


def folder_of(unit):
    """The code folder's first part: of a source, or of the target that a unit of several sources is for."""
    path = pathlib.Path(unit["file"])
    return path.relative_to(BUILD if path.is_relative_to(BUILD) else SOURCE).parts[0]


def tidy(unit):
    """Exit status and findings, each with the lines that belong to it."""
    result = subprocess.run([TIDY, "--quiet", "-p", BUILD, unit["file"]], capture_output=True, text=True)
    return result.returncode, re.split(r"^(?=/\S+:\d+:\d+: (?:error|warning): )", result.stdout, flags=re.M)


includes = recorded_includes()
units, uncompiled = [], []
for unit in json.loads((BUILD / "compile_commands.json").read_text()):
    if folder_of(unit) in FOLDERS:
        files = includes.get(unit.get("output") or unit["command"].split(" -o ")[1].split()[0])
        if files is None:
            uncompiled.append(unit["file"])
        else:
            units.append((unit, key_of(unit, files)))

PASSED.mkdir(parents=True, exist_ok=True)
asked = []
for unit, key in units:
    if (PASSED / key).exists():
        (PASSED / key).touch()
    else:
        asked.append((unit, key))
failed, shown = 0, set()
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for (unit, key), (status, findings) in zip(asked, pool.map(lambda item: tidy(item[0]), asked)):
        if status == 0:
            (PASSED / key).touch()
        else:
            failed += 1
            for finding in findings:
                # A header's finding comes with each source that includes it, under the include root of its folder.
                finding = re.sub(r"/\S+/include_roots/\w+/|" + re.escape(f"{SOURCE}/"), "", finding)
                if finding.strip() and finding not in shown:
                    shown.add(finding)
                    print(finding, end="")
for passed in PASSED.iterdir():
    if passed.stat().st_mtime < time.time() - KEPT_S:
        passed.unlink(missing_ok=True)
print(f"{len(units)} units, {len(asked)} asked, {failed} with findings")
if uncompiled:
    print("not compiled, so not asked:", *uncompiled)
sys.exit(1 if failed or uncompiled else 0)
