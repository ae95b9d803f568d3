#!/bin/sh
# The front door, without a package, a compiler or root: ./dev runs in a scratch tree with stand-ins for dpkg-query, apt-get, id,
# sudo, cmake and ctest that write down how they were called. What a person sees and which tools are called is compared.
#
# usage: dev_test.sh SOURCE_DIR
# shellcheck disable=SC2016  # the stand-ins' own variables
set -eu
source=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# tool NAME TEXT: a stand-in in the scratch PATH. Each notes its call.
tool() {
  printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$scratch" "$2" >"$scratch/bin/$1"
  chmod +x "$scratch/bin/$1"
}

# A tree with nothing but ./dev, and a PATH with nothing but the tools that it may use.
fresh() {
  rm -rf "${scratch:?}"/*
  mkdir -p "$scratch/bin" "$scratch/tree/sim" "$scratch/tree/models" "$scratch/tree/analysis" "$scratch/tree/tests" "$scratch/tree/benchmarks"
  cp "$source/dev" "$scratch/tree/dev"
  for name in sh dirname cat sed tr awk tail rm mv mkdir chmod find wc nproc env; do ln -s "$(command -v "$name")" "$scratch/bin/$name"; done
  tool id 'echo 1000'
  tool dpkg-query 'exit 1' # nothing is installed
  tool apt-get 'case $* in *--print-uris*) echo "x y 5000000 z"; echo "x y 7000000 z" ;; esac'
  # The stand-in build makes a program that prints its arguments.
  tool cmake 'case $* in
    --preset*) mkdir -p "build/$2"; : >"build/$2/CMakeCache.txt" ;;
    --build*) printf "#!/bin/sh\necho program \$*\n" >"$2/knetsim"; chmod +x "$2/knetsim" ;;
  esac'
  tool ctest 'case $* in *-N*) echo "Total Tests: 3" ;; *) echo "100% tests passed, 0 tests failed out of 7" ;; esac'
  : >"$scratch/calls"
}

all_installed() {
  # dpkg-query is called as: -W -f FORMAT PACKAGE ...
  tool dpkg-query 'shift 3; for p in "$@"; do echo "installed $p"; done'
}

# dev ARGUMENT ...: output in $out, exit status in $status, calls in the file.
dev() {
  status=0
  out=$(env -i PATH="$scratch/bin" HOME="$scratch" ${CI:+CI="$CI"} "$scratch/tree/dev" "$@" 2>&1 </dev/null) || status=$?
}

expect() { # expect WHAT CONDITION...
  what=$1
  shift
  if ! "$@"; then
    printf 'FAILED: %s\nstatus %s, output:\n%s\ncalls:\n%s\n\n' "$what" "$status" "$out" "$(cut -c1-160 "$scratch/calls")"
    failures=$((failures + 1))
  fi
}
says() { case $out in *"$1"*) ;; *) return 1 ;; esac; }
called() { grep -q -- "$1" "$scratch/calls"; }
not_called() { ! called "$1"; }
unset CI

fresh
dev
expect "alone it prints the help and succeeds" [ "$status" -eq 0 ]
expect "the help names the verbs" says "./dev test"
dev tset
expect "a wrong verb is a usage error" [ "$status" -eq 2 ]
expect "and is named" says "there is no verb 'tset'"

fresh
dev run
expect "without root or sudo it ends with an error" [ "$status" -eq 1 ]
expect "that says what to type as root" says "As root: apt-get install --no-install-recommends g++ "
expect "and touches no package" not_called '^apt-get'
expect "and builds nothing" not_called '^cmake'

fresh
tool sudo 'exec "$@"'
dev run
expect "with sudo it installs, builds and runs" [ "$status" -eq 0 ]
expect "through sudo" called '^sudo env DEBIAN_FRONTEND=noninteractive apt-get .*install .*g++'
expect "after naming the packages" says "which are not installed: g++ cmake"
expect "and their number, size and time" says "2 packages, 12 MB to download, about a minute"
expect "the quick start is what runs" says "program run configs/quickstart.yaml"
expect "the tests are not built for it" called '^cmake --preset release -DKNETSIM_TESTS=OFF'

fresh
tool id 'echo 0'
dev run --set run.seed=7
expect "as root no sudo is needed" [ "$status" -eq 0 ]
expect "options go to the program" says "program run configs/quickstart.yaml --set run.seed=7"

fresh
all_installed
dev run other.yaml -q
expect "where all is installed it runs" [ "$status" -eq 0 ]
expect "and apt is not called" not_called '^apt-get'
expect "a scenario takes the quick start's place" says "program run other.yaml -q"

fresh
tool dpkg-query 'shift 3; for p in "$@"; do [ "$p" = ccache ] && echo "config-files $p" || echo "installed $p"; done'
tool sudo 'exec "$@"'
dev run
expect "a package that was removed but not purged is missing" says "which are not installed: ccache"

fresh
tool id 'echo 0'
tool apt-get 'case $* in *update*) echo "E: no such host"; exit 100 ;; esac'
dev run
expect "a failing apt is an error" [ "$status" -eq 1 ]
expect "with apt's own words" says "E: no such host"
expect "and nothing is built" not_called '^cmake'

fresh
rm "$scratch/bin/dpkg-query"
dev run
expect "another system is told what it needs, and the build is tried" says "not a Debian system"
expect "and runs" says "program run configs/quickstart.yaml"

fresh
all_installed
dev test
expect "test ends in ctest's closing line" says "100% tests passed, 0 tests failed out of 7"
expect "slow tests are left out" called '^ctest --preset release -j [0-9]* -LE ^slow\$'
expect "and counted" says "Left out: 3 tests labelled slow"
dev test asan -R Queue
expect "a preset and ctest's options are passed on" called '^ctest --preset asan -j [0-9]* -R Queue'
CI=true
dev test
expect "in CI nothing is left out" called '^ctest --preset release -j [0-9]*$'
unset CI
tool ctest 'echo "50% tests passed, 1 tests failed out of 2"; exit 8'
dev test
expect "a failing test is a failing command" [ "$status" -eq 8 ]

fresh
dev setup nonsense
expect "an unknown set of packages is an error" says "no set of packages is called 'nonsense'"

fresh
all_installed
tool apt-cache 'echo "  Depends: linux-image-6.1.0-9-cloud-amd64"'
tool apt-get 'case $* in *download*) : >linux-image-6.1.0-9-cloud-amd64_6.1_amd64.deb ;; esac'
tool dpkg-deb 'mkdir -p boot; : >boot/vmlinuz-6.1.0-9-cloud-amd64'
dev setup lab
expect "the emulated lab's kernel is fetched" says "linux-image-6.1.0-9-cloud-amd64, unpacked into build/lab-kernel"
expect "and unpacked, not installed" [ -e "$scratch/tree/build/lab-kernel/boot/vmlinuz-6.1.0-9-cloud-amd64" ]
expect "installed it is not" not_called '^apt-get.*install'
: >"$scratch/calls"
dev setup lab
expect "a second time nothing is fetched" not_called download
fresh
all_installed
tool apt-cache 'echo "  Depends: linux-image-6.1.0-9-cloud-amd64"'
tool apt-get 'case $* in *download*) echo "E: no network"; exit 100 ;; esac'
dev setup lab
expect "a download that fails is an error" [ "$status" -eq 1 ]
expect "that shows why" says "E: no network"
expect "and leaves no kernel" [ ! -e "$scratch/tree/build/lab-kernel" ]

[ "$failures" -eq 0 ] || exit 1
echo "all expectations hold"
