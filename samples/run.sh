#!/usr/bin/env bash
# Builds attn-viz, after installing what is missing, and runs it on the samples.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "$0")")/.."

.ci/install-packages.sh build
.ci/build.sh default -DATTN_VIZ_TESTS=OFF -- --target attn-viz

# Paths that work from the folder where the reader is.
root=
[ "$PWD" -ef "$from" ] || root=$(printf %q "$PWD")/
program=build/default/attn-viz

echo "Drawing the first sample ..."
"$program" run samples/alice.json -o out --quiet
echo "  the first picture: ${root}out/alice/heatmap.png"

others=()
for sample in samples/*.json; do [ "$sample" = samples/alice.json ] || others+=("$sample"); done
echo "Drawing the other ${#others[@]} samples ..."
"$program" run "${others[@]}" -o out --quiet

cat <<END

The pictures are in ${root}out/; begin with ${root}out/alice/heatmap.png
To follow how one weight is computed, try next:
  $root$program explain ${root}samples/three-tokens.json --query yellow --key red
END
