#!/usr/bin/env bash
# Fetches the newest 7.2 and 7.3 cloud kernels of Debian into a cache outside of the repository. Says what is missing of QEMU, a
# C compiler and xz, and installs nothing. Lists and keys: a private sources list with the machine's own mirror, checked by
# the installed archive keyring; the system's own suites stay untouched.
#
# usage: fetch-kernels.sh CACHE [SERIES...]     prints a line SERIES VERSION FOLDER for each kernel in the cache; a folder holds
# vmlinuz and the modules that swap in compressed memory needs. Without a series only the tools are checked.
set -euo pipefail

cache=${1:?usage: fetch-kernels.sh CACHE [SERIES...]}
shift
series=("$@")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
modules=(lz4hc_compress zram)

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

check_tools() {
  local missing=()
  command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86_64)
  command -v cc >/dev/null || missing+=("a C compiler")
  command -v xz >/dev/null || missing+=(xz)
  ((${#missing[@]} == 0)) && return
  local list
  list=$(printf ', %s' "${missing[@]}")
  fail "missing ${list:2}; install it, or run $(dirname "$0")/install-tools.sh as root"
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

contents() {
  echo "$1 ${modules[*]}"
}

# A folder is replaced whole, so that a run that is interrupted leaves the old kernel.
fetch() {
  local package=$1 folder=$2
  local work
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  (cd "$work" && private_apt apt-get download -q "$package" "${package/linux-binary/linux-modules}" >&2)
  mkdir "$work/kernel"
  for file in "$work"/*.deb; do dpkg-deb --extract "$file" "$work/files"; done
  cp "$work"/files/usr/lib/modules/*/vmlinuz "$work/kernel/vmlinuz"
  for module in "${modules[@]}"; do
    find "$work/files" -name "$module.ko.xz" -exec xz -dc {} \; >"$work/kernel/$module.ko"
    [[ -s $work/kernel/$module.ko ]] || rm "$work/kernel/$module.ko"
  done
  contents "$package" >"$work/kernel/contents"
  rm -rf "$folder"
  mv "$work/kernel" "$folder"
  rm -rf "$work"
}

check_tools
((${#series[@]} > 0)) || exit 0
command -v apt-get >/dev/null || fail "no apt on this machine: real kernels come as Debian packages"
[[ -r $keyring ]] || fail "no $keyring: the packages could not be checked"
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
  [[ $updated == no && -f $folder/contents ]] && package=$(cut -d ' ' -f 1 "$folder/contents")
  [[ -n $package ]] || fail "no cloud kernel $name from the mirror (update: $updated)"
  [[ $(cat "$folder/contents" 2>/dev/null) == "$(contents "$package")" ]] || fetch "$package" "$folder"
  version=${package#linux-binary-}
  echo "$name ${version%-cloud-amd64} $folder"
done
