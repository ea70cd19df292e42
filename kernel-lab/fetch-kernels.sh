#!/usr/bin/env bash
# Fetches the newest 7.2 and 7.3 cloud kernels of Debian into a cache outside of the repository. Says what is missing of QEMU, a
# C compiler and xz, and installs nothing. Lists and keys: a private sources list with the machine's own mirror, checked by
# the installed archive keyring; the system's own suites stay untouched.
#
# usage: fetch-kernels.sh CACHE [SERIES...]     prints a line SERIES VERSION FOLDER for each kernel in the cache; a folder holds
# vmlinuz and the modules that swap in compressed memory and a disk need. 7.3 is of x86-64, 7.3-arm64 of arm64 with 4K pages,
# 7.3-arm64-16k of arm64 with 16K pages, 7.2-ppc64 and 7.3-ppc64 (a release candidate) of ppc64le with 64K pages. Without a series only the tools of x86-64 are checked.
set -euo pipefail

cache=${1:?usage: fetch-kernels.sh CACHE [SERIES...]}
shift
series=("$@")
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

# As Debian calls the machine of a series.
architecture() {
  case $1 in
  *-arm64 | *-arm64-16k) echo arm64 ;;
  *-ppc64) echo ppc64el ;;
  *) echo amd64 ;;
  esac
}

# Those that swap needs and, on x86-64, a disk, and a kernel of this machine does not have built in.
modules() {
  [[ $1 == ppc64el ]] && echo -n "lz4_compress "
  [[ $1 == amd64 ]] && echo -n "virtio_blk "
  echo lz4hc_compress zram
}

# How the names of a series' packages end: the smallest kernel with its pages.
flavour() {
  case $1 in
  *-arm64) echo cloud-arm64 ;;
  *-arm64-16k) echo arm64-16k ;;
  *-ppc64) echo powerpc64le-64k ;;
  *) echo cloud-amd64 ;;
  esac
}

# Of an architecture: QEMU, and what makes programs for it.
check_tools() {
  local missing=() qemu=qemu-system-x86_64 compiler=cc
  [[ $1 == arm64 ]] && qemu=qemu-system-aarch64 compiler=aarch64-linux-gnu-gcc
  [[ $1 == ppc64el ]] && qemu=qemu-system-ppc64 compiler=powerpc64le-linux-gnu-gcc
  command -v "$qemu" >/dev/null || missing+=("$qemu")
  command -v "$compiler" >/dev/null || missing+=("a C compiler ($compiler)")
  command -v xz >/dev/null || missing+=(xz)
  ((${#missing[@]} == 0)) && return
  local list
  list=$(printf ', %s' "${missing[@]}")
  fail "missing ${list:2}; install it, or run $(dirname "$0")/install-tools.sh as root"
}

# Of an architecture, with lists, sources and a status of its own: nothing is installed there.
private_apt() {
  local apt="$cache/apt/$1" tool=$2
  local of=$1
  shift 2
  "$tool" -o APT::Architecture="$of" -o APT::Architectures="$of" -o Dir::State::Status="$apt/status" \
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root "$@"
}

# The lists of an architecture as they are now; fails without a mirror.
update() {
  local apt="$cache/apt/$1"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  local suites=(sid trixie-backports)
  # What is newer than sid is there built for this machine alone: release candidates.
  [[ $1 == ppc64el ]] && suites=(sid experimental)
  printf "deb [arch=$1 signed-by=$keyring] $uri %s main\n" "${suites[@]}" >"$apt/sources.list"
  private_apt "$1" apt-get update -q >&2
}

# The newest linux-binary package of a series, such as linux-binary-7.2.13+deb14-cloud-amd64.
newest() {
  local of=$2 series=${1%%-*}
  # The version has no minus: -arm64 must not be found at the end of -cloud-arm64. A candidate has no third number.
  private_apt "$of" apt-cache search --names-only "^linux-binary-${series//./\\.}(\\.[0-9][^-]*)?-$(flavour "$1")\$" |
    awk '{print $1}' | sort -V | tail -n 1
}

contents() {
  echo "$2 $(modules "$1")"
}

# A folder is replaced whole, so that a run that is interrupted leaves the old kernel.
fetch() {
  local of=$1 package=$2 folder=$3
  local work
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  (cd "$work" && private_apt "$of" apt-get download -q "$package" "${package/linux-binary/linux-modules}" >&2)
  mkdir "$work/kernel"
  for file in "$work"/*.deb; do dpkg-deb --extract "$file" "$work/files"; done
  cp "$work"/files/usr/lib/modules/*/vmlinuz "$work/kernel/vmlinuz"
  for module in $(modules "$of"); do
    find "$work/files" -name "$module.ko.xz" -exec xz -dc {} \; >"$work/kernel/$module.ko"
    [[ -s $work/kernel/$module.ko ]] || rm "$work/kernel/$module.ko"
  done
  contents "$of" "$package" >"$work/kernel/contents"
  rm -rf "$folder"
  mv "$work/kernel" "$folder"
  rm -rf "$work"
}

((${#series[@]} > 0)) || check_tools amd64
((${#series[@]} > 0)) || exit 0
command -v apt-get >/dev/null || fail "no apt on this machine: real kernels come as Debian packages"
[[ -r $keyring ]] || fail "no $keyring: the packages could not be checked"
mkdir -p "$cache"
# Two runs at once would fight over the lists.
exec 9>"$cache/lock"
flock 9
uri=$(mirror)
declare -A updated=()
for name in "${series[@]}"; do
  of=$(architecture "$name")
  check_tools "$of"
  [[ -n ${updated[$of]:-} ]] || { update "$of" && updated[$of]=yes || updated[$of]=no; }
  folder="$cache/$name"
  package=$(newest "$name" "$of")
  # Without a mirror the kernel that is there will do.
  [[ ${updated[$of]} == no && -f $folder/contents ]] && package=$(cut -d ' ' -f 1 "$folder/contents")
  [[ -n $package ]] || fail "no kernel $name from the mirror (update: ${updated[$of]})"
  [[ $(cat "$folder/contents" 2>/dev/null) == "$(contents "$of" "$package")" ]] || fetch "$of" "$package" "$folder"
  version=${package#linux-binary-}
  echo "$name ${version%-"$(flavour "$name")"} $folder"
done
