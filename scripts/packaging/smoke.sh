#!/usr/bin/env bash
# What CI tries of the forms that carry Node: builds them as quickly as can be; some tests of the command line against the
# single executable; the package of Debian in a root without Node. All tests: THPSCOPE_COMMAND=FILE npx vitest run test/cli
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/install-packaging-tools.sh binutils rpm || { echo '##### NO PACKAGING TOOLS HERE: executable and packages are not tried #####'; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
node scripts/packaging/build.mjs executable deb rpm --quick -o "$folder"
THPSCOPE_COMMAND=$(echo "$folder"/thpscope-*-linux-*) THPSCOPE_CACHE=$folder/cache \
  npx vitest run --project model test/cli/{executable,main,terminal,stray-characters}.test.ts
if [[ $EUID -ne 0 ]]; then exit 0; fi

scripts/packaging/try-deb.sh "$folder"/*.deb
root=$folder/root
mkdir "$root"
# There is no shell for scripts of the package in this root.
rpm --root "$root" --install --nodeps --noscripts "$folder"/*.rpm 2>/dev/null
[[ -x $root/usr/lib/thpscope/node ]]
rpm --root "$root" --erase --nodeps --noscripts thpscope 2>/dev/null
if left=$(find "$root" -name '*thpscope*' | grep .); then echo "the .rpm leaves $left"; exit 1; fi
echo 'rpm: removed: nothing is left'
