#!/usr/bin/env bash
# Installs the Debian packages that a make target needs, after printing them. Silent and quick if all are installed.
#
#   packages.sh SET...     sets: build lua5.3 lua5.1 luajit other-luas test lint asan fuzz tsan valgrind faketime abi bench rock
#
# It never removes a package. If apt would have to remove one, it does not install, says so, and ends with status 1.
# RILLE_NO_APT=1 turns it off: it prints missing packages and the build continues, for systems that have the files from elsewhere.
set -eu

# a|b: the installed one, otherwise the first that can be installed without removing a package. Debian has two LuaJITs that exclude each other;
# nginx's Lua module needs OpenResty's (luajit2).
packages_of() {
  case $1 in
    build) echo 'gcc libc6-dev lua5.4 liblua5.4-dev lua-argparse libsqlite3-dev libgmp-dev libpq-dev libutf8proc-dev libhiredis-dev libssl-dev' ;;
    lua5.3) echo 'liblua5.3-dev lua5.3' ;;
    lua5.1) echo 'liblua5.1-0-dev lua5.1' ;;
    luajit) echo 'libluajit-5.1-dev|libluajit2-5.1-dev luajit|luajit2' ;;
    test) echo 'pgbouncer redis-server openssl lua-busted lua-cqueues lua-luv lua-copas lua-socket lua-filesystem lua-argparse libcmocka-dev graphviz postgresql-15 luarocks pkg-config' ;;
    other-luas) echo 'liblua5.3-dev lua5.3 liblua5.1-0-dev lua5.1 libluajit-5.1-dev|libluajit2-5.1-dev luajit|luajit2' ;;
    lint) echo 'clang clang-format lua-check libcmocka-dev' ;;
    asan) echo 'libasan8 libubsan1' ;;
    fuzz) echo 'clang libclang-rt-14-dev llvm' ;;
    tsan) echo 'libtsan2' ;;
    valgrind) echo 'valgrind libc6-dbg' ;;
    faketime) echo 'faketime' ;;
    abi) echo 'g++ pkg-config' ;;
    bench) echo 'postgresql-15 lua-cjson' ;;
    rock) echo 'luarocks' ;;
    *)
      echo "packages.sh: unknown set '$1'" >&2
      exit 2
      ;;
  esac
}

wanted=""
for set_name in "$@"; do wanted="$wanted $(packages_of "$set_name")"; done

if ! command -v dpkg-query >/dev/null 2>&1; then
  command -v gcc >/dev/null 2>&1 || echo "packages.sh: not a Debian system; install:$wanted" >&2
  exit 0
fi

missing_of() { # the words of `wanted` of which nothing is installed
  # shellcheck disable=SC2086
  dpkg-query -W -f='${Package} ${db:Status-Status}\n' ${wanted//|/ } 2>/dev/null | awk -v wanted="$wanted" '
    $2 == "installed" { there[$1] = 1 }
    END {
      n = split(wanted, words, " ")
      for (i = 1; i <= n; i++) {
        found = words[i] in said
        said[words[i]] = 1
        m = split(words[i], names, "|")
        for (k = 1; k <= m; k++) if (names[k] in there) found = 1
        if (!found) printf " %s", words[i]
      }
    }' || true
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
    echo "These packages are needed; install them as root:  apt-get install${missing//|/ or }" >&2
    exit 1
  fi
  as_root="sudo"
fi

# Two targets of one make may run this at the same time. The second waits, and then finds nothing missing.
if [ "${RILLE_PACKAGES_LOCKED:-}" != 1 ] && command -v flock >/dev/null 2>&1; then
  RILLE_PACKAGES_LOCKED=1 exec flock "${TMPDIR:-/tmp}/rille-packages.$(id -u).lock" "$0" "$@"
fi

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" </dev/null >&2; }

# Prints what apt would remove to install these. Status 1: it cannot install them; 2: it does not know one of them.
removed_for() { # PACKAGE...
  local plan
  plan=$(LC_ALL=C apt-get -s -y --no-install-recommends install "$@" 2>&1 </dev/null) || {
    if grep -qE '^E: (Unable to locate|.* has no installation candidate)' <<<"$plan"; then return 2; fi
    return 1
  }
  sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan" | sort -u | tr '\n' ' '
}

# Puts the missing packages that apt can install into `chosen`, and the reasons for the others into `refused`.
choose() {
  local word name removed reason status
  chosen=() refused=() unknown=""
  # shellcheck disable=SC2086
  set -- $(sed -E 's/\|[^ ]*//g' <<<"$missing")
  if removed=$(removed_for "$@") && [ -z "$removed" ]; then
    chosen=("$@")
    return
  fi
  for word in $missing; do
    reason=""
    for name in ${word//|/ }; do
      status=0
      removed=$(removed_for ${chosen[@]+"${chosen[@]}"} "$name") || status=$?
      if [ $status != 0 ]; then
        if [ $status = 2 ]; then unknown=1; fi
        reason="${reason:-apt knows no way to install $name}"
      elif [ -z "$removed" ]; then
        chosen+=("$name")
        reason=""
        break
      else
        reason="for $name apt would remove ${removed% }"
      fi
    done
    if [ -n "$reason" ]; then refused+=("$reason"); fi
  done
}

choose
if [ -n "$unknown" ]; then
  echo "package lists may be old: updating them" >&2
  apt update
  choose
fi
if [ ${#chosen[@]} -gt 0 ]; then
  echo "installing with apt: ${chosen[*]}" >&2
  apt --no-remove install -y --no-install-recommends "${chosen[@]}" || {
    echo "package lists may be old: updating them" >&2
    apt update
    apt --no-remove install -y --no-install-recommends "${chosen[@]}"
  }
fi
if [ ${#refused[@]} -gt 0 ]; then
  for reason in "${refused[@]}"; do echo "not installed: $reason" >&2; done
  exit 1
fi
