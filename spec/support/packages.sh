#!/usr/bin/env bash
# Installs the Debian packages that a make target needs, after saying which. Silent and quick when all are there.
#
#   packages.sh SET...     sets: build lua5.3 lua5.1 luajit test lint asan fuzz tsan valgrind abi bench rock
#
# RILLE_NO_APT=1 turns it off: then a missing package is named and the build goes on, for systems that have the same things by other means.
set -eu

packages_of() {
  case $1 in
    build) echo gcc libc6-dev lua5.4 liblua5.4-dev lua-argparse libsqlite3-dev libgmp-dev libpq-dev ;;
    lua5.3) echo liblua5.3-dev ;;
    lua5.1) echo liblua5.1-0-dev ;;
    luajit) echo libluajit-5.1-dev ;;
    test) echo pgbouncer openssl lua-busted lua-cqueues lua-luv lua-copas lua-socket lua-filesystem lua-argparse libcmocka-dev graphviz postgresql-15 luarocks lua5.3 liblua5.3-dev luajit libluajit-5.1-dev pkg-config ;;
    lint) echo clang clang-format lua-check libcmocka-dev liblua5.3-dev libluajit-5.1-dev ;;
    asan) echo libasan8 libubsan1 ;;
    fuzz) echo clang libclang-rt-14-dev llvm ;;
    tsan) echo libtsan2 ;;
    valgrind) echo valgrind libc6-dbg ;;
    abi) echo g++ pkg-config ;;
    bench) echo postgresql-15 ;;
    rock) echo luarocks ;;
    *)
      echo "packages.sh: unknown set '$1'" >&2
      exit 2
      ;;
  esac
}

wanted=""
for set_name in "$@"; do wanted="$wanted $(packages_of "$set_name")"; done

if ! command -v dpkg-query >/dev/null 2>&1; then
  command -v gcc >/dev/null 2>&1 || echo "packages.sh: not a Debian system; needed are:$wanted" >&2
  exit 0
fi

missing_of() {
  # shellcheck disable=SC2086
  dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | awk -v wanted="$wanted" '
    $2 == "installed" { there[$1] = 1 }
    END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in there) && !(w[i] in said)) { said[w[i]] = 1; printf " %s", w[i] } }' || true
}

missing=$(missing_of)
[ -n "$missing" ] || exit 0

if [ "${RILLE_NO_APT:-}" = 1 ]; then
  echo "packages.sh: not installed, and RILLE_NO_APT=1:$missing" >&2
  exit 0
fi

as_root=""
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "These packages are needed; install them as root:  apt-get install$missing" >&2
    exit 1
  fi
  as_root="sudo"
fi

# Two targets of one make may come here at once: the second waits, and then finds nothing missing.
if [ "${RILLE_PACKAGES_LOCKED:-}" != 1 ] && command -v flock >/dev/null 2>&1; then
  RILLE_PACKAGES_LOCKED=1 exec flock "${TMPDIR:-/tmp}/rille-packages.$(id -u).lock" "$0" "$@"
fi

echo "installing with apt:$missing" >&2
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" </dev/null >&2; }
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing || {
  echo "package lists may be old: updating them" >&2
  apt update
  apt install -y --no-install-recommends $missing
}
