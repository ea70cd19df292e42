#!/usr/bin/env bash
# Fetches the newest 7.2 and 7.3 cloud kernels of Debian into a cache outside of the repository, and installs QEMU and a
# static C tool chain where they are missing. Lists and keys: a private sources list with the machine's own mirror, checked by
# the installed archive keyring; the system's own suites stay untouched.
#
# usage: fetch-kernels.sh CACHE [SERIES...]     prints a line SERIES VERSION PATH for each kernel in the cache
set -euo pipefail

cache=${1:?usage: fetch-kernels.sh CACHE [SERIES...]}
shift
series=("$@")
((${#series[@]} > 0)) || series=(7.2 7.3)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
  echo "fetch-kernels: $*" >&2
  exit 4
}

mirror() {
  local uri
  uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
  [[ -n $uri ]] || uri=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1)
  [[ -n $uri ]] || fail "no Debian mirror in the machine's apt sources"
  echo "$uri"
}

install_missing() {
  local packages=()
  command -v qemu-system-x86_64 >/dev/null || packages+=(qemu-system-x86)
  command -v cc >/dev/null || packages+=(gcc libc6-dev)
  ((${#packages[@]} == 0)) && return
  [[ $EUID -eq 0 ]] || fail "missing ${packages[*]}; install them, or run as root"
  apt-get update -q >&2
  apt-get install -y -q --no-install-recommends "${packages[@]}" >&2
}

private_apt() {
  local tool=$1
  shift
  "$tool" -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::Lists="$cache/apt/lists" -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root "$@"
}

# The newest linux-binary package of a series, such as linux-binary-7.2.13+deb14-cloud-amd64.
newest() {
  private_apt apt-cache search --names-only "^linux-binary-${1//./\\.}\\.[0-9]+.*-cloud-amd64\$" |
    awk '{print $1}' | sort -V | tail -n 1
}

fetch() {
  local package=$1 folder=$2
  local work
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  (cd "$work" && private_apt apt-get download -q "$package" >&2)
  dpkg-deb --extract "$work"/*.deb "$work/files"
  cp "$work"/files/usr/lib/modules/*/vmlinuz "$work/vmlinuz"
  mkdir -p "$folder"
  mv "$work/vmlinuz" "$folder/vmlinuz"
  echo "$package" >"$folder/package"
  rm -rf "$work"
}

command -v apt-get >/dev/null || fail "no apt on this machine: real kernels come as Debian packages"
[[ -r $keyring ]] || fail "no $keyring: the packages could not be checked"
install_missing
mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
# Two runs at once would fight over the lists.
exec 9>"$cache/lock"
flock 9
uri=$(mirror)
printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$keyring" "$uri" sid "$keyring" "$uri" trixie-backports >"$cache/apt/sources.list"
updated=yes
private_apt apt-get update -q >&2 || updated=no
for name in "${series[@]}"; do
  folder="$cache/$name"
  package=$(newest "$name")
  # Without a mirror the kernel that is there will do.
  [[ $updated == no && -f $folder/vmlinuz ]] && package=$(cat "$folder/package")
  [[ -n $package ]] || fail "no cloud kernel $name from the mirror (update: $updated)"
  [[ -f $folder/vmlinuz && $(cat "$folder/package" 2>/dev/null) == "$package" ]] || fetch "$package" "$folder"
  version=${package#linux-binary-}
  echo "$name ${version%-cloud-amd64} $folder/vmlinuz"
done
