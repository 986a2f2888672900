#!/usr/bin/env bash
# Builds attn-viz and passes all its tests, after installing what is missing.
#   tests/run.sh          Release, the system's compiler
#   tests/run.sh asan     Clang with sanitizers (or another preset)
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
preset=${1:-default}

if [ "$preset" = asan ]; then .ci/install-packages.sh ci; else .ci/install-packages.sh test; fi
.ci/build.sh "$preset" -DATTN_VIZ_TESTS=ON
echo "Testing ..."
ctest --preset "$preset" --parallel "$(nproc)"
