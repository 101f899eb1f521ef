#!/usr/bin/env bash
# What spec/support/packages.sh asks of apt: nothing is removed for it, of two packages that exclude each other either will do.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir "$out/bin"

# An apt of our own: `installed` has a package a line, `removes` what apt would remove for one ("package victim"), `asked` what it was told to install.
cat >"$out/bin/dpkg-query" <<'END'
#!/bin/sh
for name in "$@"; do case $name in -*) ;; *) grep -qx "$name" "$STATE/installed" && echo "$name installed" ;; esac; done
exit 1
END
cat >"$out/bin/apt-get" <<'END'
#!/usr/bin/env bash
simulated="" kept="" names=()
for word in "$@"; do
  case $word in
    -s) simulated=1 ;;
    --no-remove) kept=1 ;;
    update) touch "$STATE/updated"; exit 0 ;;
    -* | DPkg* | install) ;;
    *) names+=("$word") ;;
  esac
done
for name in "${names[@]}"; do
  if grep -qx "$name" "$STATE/unknown" && [ ! -f "$STATE/updated" ]; then echo "E: Unable to locate package $name" >&2; exit 100; fi
done
for name in "${names[@]}"; do
  while read -r package victim; do
    if [ "$package" = "$name" ] && grep -qx "$victim" "$STATE/installed"; then
      if [ -n "$simulated" ]; then echo "Remv $victim [1.0]"; elif [ -n "$kept" ]; then exit 100; else echo "$victim" >>"$STATE/lost"; fi
    fi
  done <"$STATE/removes"
done
[ -n "$simulated" ] || { printf '%s\n' "${names[@]}" >>"$STATE/installed"; echo "${names[*]}" >>"$STATE/asked"; }
END
printf '#!/bin/sh\necho 0\n' >"$out/bin/id"
chmod +x "$out"/bin/*

export STATE=$out/state TMPDIR=$out
given() { # PACKAGE...: these are installed
  rm -rf "$STATE"
  mkdir "$STATE"
  printf '%s\n' "$@" >"$STATE/installed"
  printf '%s\n' "libluajit-5.1-dev libluajit2-5.1-2" "libluajit-5.1-dev libnginx-mod-http-lua" "luajit libluajit2-5.1-2" "luajit libnginx-mod-http-lua" \
    "libluajit2-5.1-dev libluajit-5.1-2" "luajit2 libluajit-5.1-2" >"$STATE/removes"
  : >"$STATE/unknown"
  : >"$STATE/asked"
}
install() { # STATUS SET...: gives what was said
  local status=0 wanted=$1
  shift
  said=$(PATH="$out/bin:$PATH" RILLE_NO_APT="" RILLE_PACKAGES_LOCKED="" spec/support/packages.sh "$@" 2>&1) || status=$?
  [ "$status" = "$wanted" ] || { echo "status $status of $*: $said"; exit 1; }
}
asked() { [ "$(cat "$STATE/asked")" = "$1" ] || { echo "apt was asked for '$(cat "$STATE/asked")', not '$1'; said: $said"; exit 1; }; }

given nothing # a plain machine
install 0 luajit
asked "libluajit-5.1-dev luajit"
install 0 luajit
asked "libluajit-5.1-dev luajit"

given libluajit2-5.1-2 libnginx-mod-http-lua # OpenResty's LuaJIT, with what depends on it
install 0 luajit
asked "libluajit2-5.1-dev luajit2"

given libluajit2-5.1-2 libluajit2-5.1-dev luajit2 libnginx-mod-http-lua
install 0 luajit
asked ""
[ -z "$said" ]

given libluajit2-5.1-2 libluajit-5.1-2 libnginx-mod-http-lua # neither can be had
install 1 luajit lua5.3
asked "liblua5.3-dev lua5.3"
case $said in *"apt would remove"*) ;; *) echo "said: $said"; exit 1 ;; esac
[ ! -e "$STATE/lost" ]

given nothing # lists that are out of date
echo liblua5.3-dev >"$STATE/unknown"
install 0 lua5.3
asked "liblua5.3-dev lua5.3"

given liblua5.3-dev
said=$(PATH="$out/bin:$PATH" RILLE_NO_APT=1 spec/support/packages.sh lua5.3 2>&1)
case $said in *RILLE_NO_APT=1:*lua5.3*) ;; *) echo "said: $said"; exit 1 ;; esac
asked ""
