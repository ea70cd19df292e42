#!/usr/bin/env bash
# Tests of fleet's engines start two ClickHouse servers. Where there is none, and apt and root allow it, takes
# Debian's program out of its package into /usr/local/sbin: installed, the package would start a service with
# every boot. What the program links to comes with clickhouse-common, which has no service. Elsewhere those tests
# say that they are skipped.
set -euo pipefail

if command -v clickhouse-server >/dev/null; then exit 0; fi
if [[ $EUID -ne 0 || ! -x $(command -v apt-get) ]]; then
  echo "install-clickhouse: no clickhouse-server, and no way to install one" >&2
  exit 4
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
apt-get update -q
apt-get install -y -q --no-install-recommends clickhouse-common
(cd "$folder" && apt-get -o APT::Sandbox::User=root download -q clickhouse-server)
dpkg-deb --fsys-tarfile "$folder"/clickhouse-server_*.deb | tar -x -C "$folder" ./usr/sbin/clickhouse-server
install -D "$folder"/usr/sbin/clickhouse-server /usr/local/sbin/clickhouse-server
