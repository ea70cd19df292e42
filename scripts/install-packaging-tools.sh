#!/usr/bin/env bash
# install-packaging-tools.sh [PACKAGE...]: installs what `npm run package` needs and the machine lacks, through apt; run it as
# root. With words only those packages of Debian.
set -euo pipefail

wanted=("$@")
(($# > 0)) || wanted=(binutils binutils-aarch64-linux-gnu rpm umoci)
packages=()
for each in "${wanted[@]}"; do
  case $each in
    binutils) program=strip ;;
    binutils-aarch64-linux-gnu) program=aarch64-linux-gnu-strip ;;
    rpm) program=rpmbuild ;;
    *) program=$each ;;
  esac
  command -v "$program" >/dev/null || packages+=("$each")
done
((${#packages[@]} == 0)) && exit 0
if [[ $EUID -ne 0 || ! -x $(command -v apt-get) ]]; then
  echo "install-packaging-tools: missing ${packages[*]}: install them, or run this as root where there is apt" >&2
  exit 4
fi
apt-get update -q
apt-get install -y -q --no-install-recommends "${packages[@]}"
