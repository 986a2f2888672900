#!/usr/bin/env bash
# Compares attn-viz with reference.py, process against process:
#   tests/bench/compare.sh ATTN_VIZ [RESULTS]
# ATTN_VIZ is the program (a Release build), RESULTS a folder for hyperfine's JSON files and
# table.md (default: out/bench).  PYTHON=… chooses another Python, RUNS=… the runs of large.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ $# -lt 1 ] || [ $# -gt 2 ] || [ ! -x "$1" ]; then
  echo "usage: compare.sh ATTN_VIZ [RESULTS]" >&2
  exit 2
fi
attn_viz=$(realpath "$1")
results=${2:-$here/../../out/bench}
python=${PYTHON:-$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)}

for tool in hyperfine /usr/bin/time; do
  command -v "$tool" >/dev/null || {
    echo "compare.sh: $tool is missing (Debian: hyperfine time)" >&2
    exit 2
  }
done
"$python" -c 'import numpy, matplotlib' 2>/dev/null || {
  echo "compare.sh: $python has no numpy or matplotlib (Debian: python3-numpy python3-matplotlib)" >&2
  exit 2
}

mkdir -p "$results"
results=$(realpath "$results")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "making the inputs …" >&2
"$python" "$here/make_inputs.py" "$work"

# Both must compute the same, or the times mean nothing.
for size in tiny medium; do
  "$python" "$here/reference.py" "$work/$size.json" -o "$work/python"
  "$attn_viz" run "$work/$size.json" -o "$work/attn-viz" --quiet
done
"$python" - "$work" <<'EOF'
import json, sys
from pathlib import Path

import numpy as np


def steps(program, size):
    trace = json.loads(Path(sys.argv[1], program, size, "trace.json").read_text())
    return {step["id"]: np.array(step["data"]) for step in trace["steps"]}


for size in ("tiny", "medium"):
    theirs, ours = steps("python", size), steps("attn-viz", size)
    if theirs.keys() != ours.keys():
        sys.exit(f"compare.sh: {size}: other steps: {sorted(theirs.keys() ^ ours.keys())}")
    for name, values in theirs.items():
        if ours[name].shape != values.shape or not np.allclose(ours[name], values, rtol=1e-12, atol=1e-12):
            sys.exit(f"compare.sh: {size}: {name} differs")
EOF

# measure NAME SIZE RUNS WARM-UPS [OPTION]: times to NAME.json, peak memory in KiB to NAME.*.peak
measure() {
  local name=$1 input=$work/$2.json runs=$3 warmups=$4 option=${5:-}
  local theirs=("$python" "$here/reference.py" "$input" -o "$work/python" ${option:+"$option"})
  local ours=("$attn_viz" run "$input" -o "$work/attn-viz" --quiet ${option:+"$option"})
  echo "$name …" >&2
  hyperfine --shell=none --warmup "$warmups" --runs "$runs" --style basic \
    --prepare "rm -rf $(printf '%q ' "$work/python" "$work/attn-viz")" --export-json "$results/$name.json" \
    --command-name python "$(printf '%q ' "${theirs[@]}")" \
    --command-name attn-viz "$(printf '%q ' "${ours[@]}")" >&2
  /usr/bin/time -f %M -o "$results/$name.python.peak" "${theirs[@]}"
  /usr/bin/time -f %M -o "$results/$name.attn-viz.peak" "${ours[@]}"
  rm -rf "$work/python" "$work/attn-viz"
}
# The same for pictures of a trace that is there.
measure_maps() {
  local theirs=("$python" "$here/reference.py" "$work/maps.json" -o "$work/python" --maps)
  local ours=("$attn_viz" heatmap "$work/maps.json" -o "$work/attn-viz" --overview off --quiet)
  echo "maps …" >&2
  hyperfine --shell=none --warmup 1 --runs "${RUNS:-5}" --style basic \
    --prepare "rm -rf $(printf '%q ' "$work/python" "$work/attn-viz")" --export-json "$results/maps.json" \
    --command-name python "$(printf '%q ' "${theirs[@]}")" \
    --command-name attn-viz "$(printf '%q ' "${ours[@]}")" >&2
  /usr/bin/time -f %M -o "$results/maps.python.peak" "${theirs[@]}"
  /usr/bin/time -f %M -o "$results/maps.attn-viz.peak" "${ours[@]}"
  rm -rf "$work/python" "$work/attn-viz"
}
measure_maps
large_runs=${RUNS:-5}
measure tiny tiny 20 3
measure tiny-no-trace tiny 20 3 --no-trace
measure medium medium 10 2
measure medium-no-trace medium 10 2 --no-trace
measure large large "$large_runs" 1
measure large-no-trace large "$large_runs" 1 --no-trace

"$python" - "$results" <<'EOF' | tee "$results/table.md"
import json, os, platform, sys
from pathlib import Path

import matplotlib
import numpy as np

results = Path(sys.argv[1])


def time(seconds):
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def medians(name):
    runs = json.loads((results / f"{name}.json").read_text())["results"]
    return [run["median"] for run in runs]


def peak(name, program):
    kib = (results / f"{name}.{program}.peak").read_text().split()[-1]
    return f"{int(kib) / 1024:.0f} MiB"


print("| case | Python median | attn-viz median | ratio | Python peak | attn-viz peak |")
print("|---|--:|--:|--:|--:|--:|")
def row(name, case):
    python, attn_viz = medians(name)
    print(f"| {case} | {time(python)} | {time(attn_viz)} | {python / attn_viz:.1f} × "
          f"| {peak(name, 'python')} | {peak(name, 'attn-viz')} |")


for size in ("tiny", "medium", "large"):
    row(size, size)
    row(size + "-no-trace", f"{size}, no trace")
row("maps", "144 maps of 128 tokens from a trace")

np.ones((2, 2)) @ np.ones((2, 2))
loaded = {line.split()[-1] for line in open("/proc/self/maps") if "blas" in line.lower()}
blas = ", ".join(sorted(Path(path).name for path in loaded)) or "an unknown BLAS"
print(f"\n{len(os.sched_getaffinity(0))} cores; Python {platform.python_version()}, "
      f"NumPy {np.__version__} with {blas}, matplotlib {matplotlib.__version__}.")
EOF
