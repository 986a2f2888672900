#!/usr/bin/env bash
# Builds attn-viz, after installing what is missing, and runs it on the samples.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install-packages.sh build
cmake --preset default -DATTN_VIZ_TESTS=OFF >/dev/null
cmake --build --preset default --target attn-viz

build/default/attn-viz run samples/*.json -o out
echo
echo "The pictures are in $PWD/out/; begin with out/alice/heatmap.png."
