#!/usr/bin/env bash
# A test of fleet's engines asks this year's ClickHouse, too, within its process: chdb from npm, 541 MB. It is no
# dependency of the repository, so that nobody else downloads that. Run this after npm ci, which removes it; without
# it that part of the test is left out, and the test says so.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -d node_modules/chdb ]]; then exit 0; fi
npm install --no-save --no-audit --no-fund chdb@3.4.0
