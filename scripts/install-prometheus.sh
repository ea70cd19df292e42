#!/usr/bin/env bash
# A test runs the queries of the dashboard and the rules of docs/metrics.md in a Prometheus. Where the machine has none, fetches
# Debian's package and takes its two programs out of it, into the cache of thpscope: nothing is installed, no user is made and
# no service started. Where that cannot be done it says so, and the test that it is skipped.
set -euo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/thpscope/prometheus"
PATH="$PATH:$cache"

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi
no_prometheus() {
  echo "##### NO PROMETHEUS HERE: the queries of the dashboard are not run ($1) #####" >&2
  exit 0
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || no_prometheus 'no apt'
if [[ $EUID -eq 0 ]]; then apt-get update -q || true; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt checks the package by the signed lists of the archive.
(cd "$work" && apt-get download -q -o APT::Sandbox::User=root prometheus) || no_prometheus 'apt has no package prometheus'
dpkg-deb --extract "$work"/prometheus_*.deb "$work/files"
"$work/files/usr/bin/prometheus" --version >/dev/null 2>&1 || no_prometheus 'the package does not run here'
mkdir -p "$cache"
mv "$work"/files/usr/bin/{prometheus,promtool} "$cache/"
echo "Prometheus is in $cache"
