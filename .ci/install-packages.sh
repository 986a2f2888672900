#!/usr/bin/env bash
# Installs what is missing on Debian 12 to build and test attn-viz. The one list of packages.
#   .ci/install-packages.sh          to build and run
#   .ci/install-packages.sh test     also to test
#   .ci/install-packages.sh ci       also for the second compiler and the format check
#   .ci/install-packages.sh bench    also to compare with Python
set -euo pipefail

build=(g++ cmake ninja-build pkg-config
       libcli11-dev nlohmann-json3-dev libsimdjson-dev libfmt-dev libeigen3-dev
       libcairo2-dev libpango1.0-dev libstb-dev libdeflate-dev libunistring-dev
       libpng-dev libjpeg62-turbo-dev
       fontconfig fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji)
test=(catch2 libxml2-dev poppler-utils python3 python3-jsonschema)
ci=(clang-14 clang-format-14 libclang-rt-14-dev)
bench=(hyperfine time python3-numpy python3-matplotlib)

packages=("${build[@]}")
case "${1:-build}" in
  build) ;;
  test) packages+=("${test[@]}") ;;
  ci) packages+=("${test[@]}" "${ci[@]}") ;;
  bench) packages+=("${bench[@]}") ;;
  *) echo "usage: $0 [build|test|ci|bench]" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done

# Without valid caches every process reads all fonts again. Packages make the caches, but a copied
# image may have folders of other times; where all is well this takes less than 0.15 s.
cache_fonts() { fc-cache -s >/dev/null 2>&1 || true; }
[ ${#missing[@]} -gt 0 ] || { cache_fonts; exit 0; }

echo "Installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "$0: needs root or sudo to install packages" >&2; exit 1; }
  as_root=(sudo)
fi

# apt says "dlstatus:FILE:PERCENT:…" and "pmstatus:PACKAGE:PERCENT:…", where a package may be
# "libc6:amd64"; a line for each fifth of that.
fifths() {
  local line kind percent told=
  while IFS= read -r line; do
    [[ $line =~ ^(dl|pm)status:[^\ ]*:([0-9]+)(\.[0-9]*)?: ]] || continue
    if [ "${BASH_REMATCH[1]}" = dl ]; then kind=downloading; else kind="setting up"; fi
    percent=$((10#${BASH_REMATCH[2]} / 20 * 20))
    [ "$told" = "$kind $percent" ] || echo "  $kind: $percent % after $SECONDS s" || true
    told="$kind $percent"
  done
}

"${as_root[@]}" apt-get update -qq
# What packages say goes nowhere: into the pipe of the progress, which apt does not let block, a script
# of a package may fail to write. sudo closes other files, so they are opened behind it.
"${as_root[@]}" bash -c '
  export DEBIAN_FRONTEND=noninteractive
  exec apt-get install -y -qq -o APT::Status-Fd=3 --no-install-recommends "$@" 3>&1 >/dev/null
' install "${missing[@]}" | fifths
cache_fonts
