#!/usr/bin/env bash
# Fetches Debian packages, and what they depend on and the machine lacks, from the machine's own suites, and unpacks them into a
# folder outside of the repository. Lists are private, apt checks the signatures, and nothing is installed.
#
# usage: fetch-packages.sh CACHE PACKAGE...     prints the folder, which holds usr/bin and the like
set -euo pipefail

cache=${1:?usage: fetch-packages.sh CACHE PACKAGE...}
shift
name=$1
folder="$cache/packages/$name"

fail() {
  echo "fetch-packages: $*" >&2
  exit 4
}

private_apt() {
  apt-get -o Dir::State::Lists="$cache/apt/own-lists" -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root "$@"
}

# Lines NAME=VERSION. What the machine has already of what they depend on needs no package.
wanted() {
  private_apt -s install --reinstall --no-install-recommends "$@" |
    sed -n 's/^Inst \([^ ]*\) .*(\([^ ]*\) .*/\1=\2/p' | sort
}

# A folder is replaced whole, so that a run that is interrupted leaves the old one.
fetch() {
  local work
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  (cd "$work" && private_apt download -q "$@" >&2)
  for file in "$work"/*.deb; do dpkg-deb --extract "$file" "$work/files"; done
  printf '%s\n' "$@" >"$work/files/contents"
  rm -rf "$folder"
  mv "$work/files" "$folder"
  rm -rf "$work"
}

command -v apt-get >/dev/null || fail "no apt on this machine: programs come as Debian packages"
mkdir -p "$cache/apt/own-lists/partial" "$cache/apt/cache/archives/partial" "$cache/packages"
# Two runs at once would fight over the lists.
exec 9>"$cache/lock"
flock 9
# Without a mirror the packages that are there will do.
if private_apt update -q >&2; then
  mapfile -t packages < <(wanted "$@" 2>/dev/null)
  ((${#packages[@]} > 0)) || fail "no package $name from the machine's mirror"
  [[ $(cat "$folder/contents" 2>/dev/null) == "$(printf '%s\n' "${packages[@]}")" ]] || fetch "${packages[@]}"
fi
[[ -f $folder/contents ]] || fail "no package $name, and no mirror"
echo "$folder"
