#!/bin/sh
# format.sh [--check]: clang-format 14 over every C++ file of the tree, by the .clang-format at its root. With --check nothing
# is written and a file that differs is an error. Version 14 and no other: each version sets some lines differently.
set -eu
cd "$(dirname "$0")/.."
command -v clang-format-14 >/dev/null || {
  echo "clang-format-14 is not installed (./dev setup check)" >&2
  exit 1
}
if [ "${1-}" = --check ]; then set -- --dry-run --Werror; else set -- -i; fi
find sim models analysis app tests benchmarks \( -name '*.h' -o -name '*.cpp' \) -print0 | xargs -0 -r clang-format-14 "$@"
