#!/usr/bin/env bash
# Configures and builds a preset: what samples/run.sh and tests/run.sh have in common.
#   .ci/build.sh PRESET [OPTION of cmake]... [-- OPTION of cmake --build]...
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

preset=$1; shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
[ $# -eq 0 ] || shift
cache=build/$preset/CMakeCache.txt

# A new folder is built by Ninja where it is installed; a folder keeps the generator that it has.
configure() {
  local generator=()
  if [ ! -e "$cache" ] || [ "${1:-}" = --fresh ]; then
    [ "${CMAKE_GENERATOR:-}" ] || ! command -v ninja >/dev/null || generator=(-G Ninja)
  fi
  said=$(cmake --preset "$preset" "${generator[@]}" "${options[@]}" "$@" 2>&1)
}

# A folder of another checkout, of tools that are gone, or of a run that was broken off.
configure_afresh() {
  [ "$old" ] || return
  echo "  once more, from nothing"
  configure --fresh
}

echo "Configuring build/$preset ..."
if [ -e "build/$preset" ]; then old=yes; else old=; fi
configure || configure_afresh || { echo "$said" >&2; exit 1; }

# Of the progress of ninja ("[3/20] ...") and make ("[ 15%] ...") a line for each 5 %; all else as it is.
steps() {
  local line percent told=-1
  while IFS= read -r line; do
    if [[ $line =~ ^\[\ *([0-9]+)%\] ]]; then percent=${BASH_REMATCH[1]}
    elif [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    else echo "$line"; continue
    fi
    [ $((percent / 5)) -eq "$told" ] || echo "  $percent % after $SECONDS s"
    told=$((percent / 5))
  done
}

# Ninja keeps to one line of a terminal by itself. Make would take one file after the other.
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
echo "Compiling, $CMAKE_BUILD_PARALLEL_LEVEL files at a time ..."
if [ -t 1 ] && grep -q '^CMAKE_GENERATOR:INTERNAL=Ninja$' "$cache"; then
  cmake --build --preset "$preset" "$@"
else
  cmake --build --preset "$preset" "$@" | steps
fi
