#!/usr/bin/env bash
# try-deb.sh DEB [ROOT]: installs the package into a root file system without Node, runs predict, serve, capture and
# collect there, takes it away again, and fails if anything is left or if a command does not do its work. ROOT is one that
# debootstrap has made; without it a small one is made of the libraries that Node needs and busybox. Run it as root.
set -euo pipefail

deb=$(realpath "$1")
made=''
if (($# > 1)); then
  root=$(realpath "$2")
  force=()
else
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  root=$made/root
  mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,root,var/lib/dpkg/{info,updates}} "$made/packages"
  # apt checks packages by the signed lists of the archive.
  (cd "$made/packages" && apt-get download -q -o APT::Sandbox::User=root libc6 libgcc-s1 libstdc++6 busybox-static) >/dev/null
  for each in "$made"/packages/*.deb; do dpkg-deb --extract "$each" "$root"; done
  chroot "$root" /bin/busybox --install -s /bin
  touch "$root/var/lib/dpkg/status"
  # dpkg does not know of what was only unpacked.
  force=(--force-depends)
fi

export deb root
unshare --mount --pid --fork bash -euo pipefail -s -- "${force[@]}" <<'IN'
for name in sys dev; do mount --rbind "/$name" "$root/$name"; done
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
files() { (cd "$root" && find . -xdev ! -path './var/lib/dpkg*' ! -path './var/log/*' ! -path './var/cache/*' | sort); }
into=(chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root)
inside() { "${into[@]}" "$@"; }
say() { echo "try-deb: $*"; }

before=$(files)
if inside sh -c 'command -v node' >/dev/null; then say 'there is a Node in this root'; exit 1; fi
dpkg --root="$root" --log=/dev/null "$@" --install "$deb" >/dev/null 2>&1
say "installed: $(inside thpscope --version)"

inside thpscope predict --all --json >"$root/tmp/all.json" 2>/dev/null
grep -q '"schema":"thpscope/predict@' "$root/tmp/all.json"
say 'predict --all answers'
inside thpscope capture -p 1 -o /tmp/x.parquet 2>/dev/null
inside thpscope predict /tmp/x.parquet >/dev/null
say 'capture records, predict reads it'
mkdir "$root/tmp/dataset"
inside thpscope collect -p 1 -o /tmp/dataset --host try --spool /tmp/spool 2>/dev/null
[[ -n $(find "$root/tmp/dataset" -name '*.parquet') ]]
say 'collect adds a reading'
"${into[@]}" thpscope serve /tmp/x.parquet --no-open --json >"$root/tmp/served" 2>/dev/null &
for ((i = 0; i < 100; i++)); do [[ -s $root/tmp/served ]] && break; sleep 0.1; done
[[ $(<"$root/tmp/served") =~ http://(127.0.0.1:([0-9]+))(/[^\"#]*) ]]
exec 3<>"/dev/tcp/127.0.0.1/${BASH_REMATCH[2]}"
printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "${BASH_REMATCH[3]}" "${BASH_REMATCH[1]}" >&3
grep -q 'id="app"' <&3
kill $!
wait $! || true
say 'serve hands out the page'
if grep -q 'koffi.node' "$root/tmp/all.json"; then say 'koffi was not loaded'; exit 1; fi

dpkg --root="$root" --log=/dev/null --purge thpscope >/dev/null 2>&1
if left=$(diff <(echo "$before") <(files)); then say 'removed: nothing is left'; else say "left: $left"; exit 1; fi
IN
