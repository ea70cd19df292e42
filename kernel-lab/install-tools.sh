#!/usr/bin/env bash
# Installs what conform needs and the machine lacks, through apt: QEMU, a static C tool chain, xz; with the word arm64 or ppc64
# what kernels of that machine need as well. Run it as root; conform itself installs nothing.
set -euo pipefail

packages=()
command -v qemu-system-x86_64 >/dev/null || packages+=(qemu-system-x86)
command -v cc >/dev/null || packages+=(gcc libc6-dev)
command -v xz >/dev/null || packages+=(xz-utils)
if [[ ${1:-} == arm64 ]]; then
  command -v qemu-system-aarch64 >/dev/null || packages+=(qemu-system-arm)
  command -v aarch64-linux-gnu-gcc >/dev/null || packages+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
fi
if [[ ${1:-} == ppc64 ]]; then
  command -v qemu-system-ppc64 >/dev/null || packages+=(qemu-system-ppc)
  command -v powerpc64le-linux-gnu-gcc >/dev/null || packages+=(gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross)
fi
((${#packages[@]} == 0)) && exit 0
if [[ $EUID -ne 0 || ! -x $(command -v apt-get) ]]; then
  echo "install-tools: missing ${packages[*]}: install them, or run this as root where there is apt" >&2
  exit 4
fi
apt-get update -q
apt-get install -y -q --no-install-recommends "${packages[@]}"
