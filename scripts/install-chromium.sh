#!/usr/bin/env bash
# The tests of the web app drive a browser. Installs Debian's Chromium where there is none and apt and root allow it;
# elsewhere those tests say that they are skipped.
set -euo pipefail

if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then exit 0; fi
if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  apt-get update -q
  apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core
else
  echo "install-chromium: no Chromium, and no way to install one: tests of the web app will be skipped" >&2
fi
