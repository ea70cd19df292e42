#!/usr/bin/env bash
# What CI tries of the forms that carry Node: builds them as quickly as can be; some tests of the command line against the
# single executable; the package of Debian in a root without Node. All tests: THPSCOPE_COMMAND=FILE npx vitest run test/cli
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/install-packaging-tools.sh || { echo '##### NO PACKAGING TOOLS HERE: executable and packages are not tried #####'; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
node scripts/packaging/build.mjs executable deb rpm --quick -o "$folder"
THPSCOPE_COMMAND=$(echo "$folder"/thpscope-*-linux-*) THPSCOPE_CACHE=$folder/cache \
  npx vitest run --project model test/cli/{executable,main,terminal,stray-characters}.test.ts
rpm --query --package --list "$folder"/*.rpm | grep -q '^/usr/bin/thpscope$'
if [[ $EUID -eq 0 ]]; then scripts/packaging/try-deb.sh "$folder"/*.deb; fi
