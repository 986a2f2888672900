#!/usr/bin/env bash
# Draws the pictures of docs/gallery.md from the samples and checks that it shows them all:
#   docs/gallery.sh [ATTN_VIZ]
# ATTN_VIZ is the program (default: build/default/attn-viz). Pictures are named after their command.
set -euo pipefail
cd "$(dirname "$0")/.."
attn_viz=$(realpath "${1:-build/default/attn-viz}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# draw NAME PICTURE SAMPLE OPTION...: `heatmap` of a sample; PICTURE of what it draws is kept as
# docs/images/NAME.png.
draw() {
  local name=$1 picture=$2 sample=$3
  shift 3
  rm -rf "$work/out"
  "$attn_viz" heatmap "samples/$sample.json" -o "$work/out" --quiet "$@"
  cp "$work/out/$picture.png" "docs/images/$name.png"
  grep -q "images/$name.png" docs/gallery.md || echo "docs/gallery.md does not show $name.png" >&2
}

draw heatmap-dark heatmap alice --theme dark --size 800
draw heatmap-print layer0-head0-weights causal --theme print --color-scale log --size 560
draw heatmap-across layer0-head0-weights tom-chase-jerry --transpose --digits 3 --size 480
draw heatmap-scores heatmap-scores two-heads --step scores --color-scale each --size 720
draw heatmap-top layer0-mean-weights alice --average heads --top 5 --query tired,sitting,sister --size 560
draw heatmap-stack heatmap tagging-stack --size 640
draw heatmap-patches layer0-head0-weights-query27 cat --query 2,7 --color-scale auto --theme dark --size 640
draw heatmap-paper heatmap alice --no-labels --colormap blues --size 480
draw heatmap-window layer0-head0-weights longformer --colormap magma --size 480
