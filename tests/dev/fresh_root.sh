#!/bin/sh
# Proves the README's commands on a bare machine: a new Debian 12 root (debootstrap, minbase), a clone of HEAD in it, then
#   1. ./dev run as a user who is not root and has no sudo: one clear line, nothing installed;
#   2. ./dev run as root: installs, builds, prints the quick start;
#   3. ./dev run as that user with no apt-get in reach: everything is there, so none is called;
#   4. ./dev test as root: installs the rest and passes every test.
# Needs root, about 4 GB under the folder that is given (default: a new one under /var/tmp) and the machine's own sources of
# packages, whose settings are copied from /etc/apt. The whole is stopped after LIMIT_MINUTES (default 60). The mounts live in
# a mount namespace of the script's own and so end with it; the folder is removed by a trap, unless KEEP=1.
#
# usage: tests/dev/fresh_root.sh [FOLDER]
set -eu

if [ "${1-}" != --inside ]; then
  [ "$(id -u)" -eq 0 ] || { echo "fresh_root: needs root (debootstrap, chroot)" >&2; exit 1; }
  for tool in debootstrap unshare git; do
    command -v "$tool" >/dev/null || { echo "fresh_root: $tool is not installed" >&2; exit 1; }
  done
  folder=${1:-$(mktemp -d /var/tmp/knetsim-fresh-root.XXXXXX)}
  mkdir -p "$folder"
  chmod 755 "$folder"  # it becomes the root directory of a user who is not root
  [ -z "$(ls -A "$folder")" ] || { echo "fresh_root: $folder is not empty" >&2; exit 1; }
  # The mounts are gone with the namespace by now; --one-file-system is the belt to those braces.
  trap '[ "${KEEP-}" = 1 ] || rm -rf --one-file-system "$folder"' EXIT
  trap 'exit 130' INT TERM HUP
  limit=${LIMIT_MINUTES:-60}
  status=0
  timeout --kill-after=30 "${limit}m" unshare --mount --propagation private --pid --fork --kill-child \
    sh "$0" --inside "$folder" "$(cd "$(dirname "$0")/../.." && pwd)" || status=$?
  [ "$status" -ne 124 ] || echo "fresh_root: stopped after $limit minutes" >&2
  exit "$status"
fi

root=$2
source=$3
started=$(date +%s)
say() { printf '\n== %4d s  %s\n' $(($(date +%s) - started)) "$*"; }
fail() {
  say "FAILED: $*"
  exit 1
}
# in_root USER COMMAND: a login-like environment that holds nothing of this machine's.
in_root() {
  chroot "$root" /usr/bin/env -i HOME="/home/$1" TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${CI:+CI="$CI"} setpriv --reuid="$1" --regid="$1" --init-groups sh -c "cd /home/visitor/knetsim && $2" </dev/null
}

say "debootstrap"
# Where this machine gets bookworm from, as apt is configured; a proxy that apt knows is told to debootstrap's wget too.
# shellcheck disable=SC2016  # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
[ -n "$mirror" ] || fail "apt has no source of Debian bookworm"
proxy=$(apt-config dump Acquire::http::Proxy | sed -n 's/.*"\(.*\)";/\1/p')
[ -z "$proxy" ] || export http_proxy="$proxy"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; fail "debootstrap"; }
rm -f "$root.log"
rm -f "$root/etc/apt/sources.list"
cp -r /etc/apt/. "$root/etc/apt/"
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"

chroot "$root" useradd --create-home --shell /bin/sh visitor
git clone -q --no-hardlinks "$source" "$root/home/visitor/knetsim"
chroot "$root" chown -R visitor:visitor /home/visitor/knetsim
mkdir -p "$root/home/root"

say "1. ./dev run as a user without sudo"
if said=$(in_root visitor './dev run' 2>&1); then fail "it should have ended with an error"; fi
echo "$said"
case $said in
  *"only root can install them, and there is no sudo"*) ;;
  *) fail "./dev run did not say what is wrong" ;;
esac

say "2. ./dev run as root"
in_root root './dev run' || fail "./dev run"

say "3. ./dev run again, as the owner of the clone, with an apt-get that fails"
printf '#!/bin/sh\necho "apt-get was called: $*"\nexit 1\n' >"$root/usr/local/bin/apt-get"
chmod +x "$root/usr/local/bin/apt-get"
chroot "$root" chown -R visitor:visitor /home/visitor/knetsim
in_root visitor './dev run -q' || fail "./dev run where all is installed"
rm "$root/usr/local/bin/apt-get"

say "4. ./dev test as root"
in_root root './dev test' || fail "./dev test"

say "passed; $(du -sm --one-file-system "$root" | cut -f1) MB"
