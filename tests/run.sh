#!/usr/bin/env bash
# Builds attn-viz and passes all its tests, after installing what is missing.
#   tests/run.sh          Release, the system's compiler
#   tests/run.sh asan     Clang with sanitizers (or another preset)
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-default}

if [ "$preset" = asan ]; then .ci/install-packages.sh ci; else .ci/install-packages.sh test; fi
cmake --preset "$preset" -DATTN_VIZ_TESTS=ON >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset" --parallel "$(nproc)"
