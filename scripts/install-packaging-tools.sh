#!/usr/bin/env bash
# Installs what `npm run package` needs and the machine lacks, through apt; run it as root.
set -euo pipefail

packages=()
command -v aarch64-linux-gnu-strip >/dev/null || packages+=(binutils-aarch64-linux-gnu)
command -v x86_64-linux-gnu-strip >/dev/null || packages+=(binutils)
command -v rpmbuild >/dev/null || packages+=(rpm)
command -v umoci >/dev/null || packages+=(umoci)
((${#packages[@]} == 0)) && exit 0
if [[ $EUID -ne 0 || ! -x $(command -v apt-get) ]]; then
  echo "install-packaging-tools: missing ${packages[*]}: install them, or run this as root where there is apt" >&2
  exit 4
fi
apt-get update -q
apt-get install -y -q --no-install-recommends "${packages[@]}"
