#!/usr/bin/env bash
# Draws the pictures of docs/gallery.md from the samples and checks that it shows them all:
#   docs/gallery.sh [ATTN_VIZ]
# ATTN_VIZ is the program (default: build/default/attn-viz). Needs pdftoppm (poppler-utils).
set -euo pipefail
cd "$(dirname "$0")/.."
attn_viz=$(realpath "${1:-build/default/attn-viz}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# keep FILE NAME: what was drawn becomes docs/images/NAME, which the gallery shows.
keep() {
  cp "$work/out/$1" "docs/images/$2"
  grep -q "images/$2" docs/gallery.md || echo "docs/gallery.md does not show $2" >&2
}

# draw NAME FILE SAMPLE OPTION...: `heatmap` of a sample; FILE of what it draws is kept as NAME.
draw() {
  local name=$1 file=$2 sample=$3
  shift 3
  rm -rf "$work/out"
  "$attn_viz" heatmap "samples/$sample.json" -o "$work/out" --quiet "$@"
  keep "$file" "$name"
}

# draw_photo WIDTH NAME FILE SAMPLE OPTION...: the same as a JPEG of this width, through a PDF: photos
# make large PNGs.
draw_photo() {
  local width=$1 name=$2 file=$3 sample=$4
  shift 4
  rm -rf "$work/out"
  "$attn_viz" heatmap "samples/$sample.json" -o "$work/out" --quiet --format pdf "$@"
  pdftoppm -jpeg -jpegopt quality=75 -scale-to-x "$width" -scale-to-y -1 -singlefile \
    "$work/out/$file.pdf" "$work/out/$file"
  keep "$file.jpg" "$name"
}

"$attn_viz" run samples/alice.json samples/three-tokens.json -o "$work/out" --no-trace --quiet
keep alice/heatmap.png alice.png
keep three-tokens/heatmaps/layer0-head0-weights.png three-tokens.png

draw heatmap-dark.png heatmap.png alice --theme dark --size 800
draw heatmap-print.png layer0-head0-weights.png causal --theme print --color-scale log --size 560
draw heatmap-across.png layer0-head0-weights.png tom-chase-jerry --transpose --digits 3 --size 480
draw heatmap-scores.png heatmap-scores.png two-heads --step scores --color-scale each --size 720
draw heatmap-top.png layer0-mean-weights.png alice --average heads --top 5 --query tired,sitting,sister --size 560
draw heatmap-stack.png heatmap.png tagging-stack --size 640
draw heatmap-patches.png layer0-head0-weights-query27.png cat --query 2,7 --color-scale auto --theme dark --size 640
draw heatmap-paper.png heatmap.png alice --no-labels --colormap blues --size 480
draw heatmap-window.png layer0-head0-weights.png longformer --colormap magma --size 480
draw lines.svg layer0-lines.svg alice --style lines --format svg
draw story.svg story.svg three-tokens --story --format svg
draw frame.png frame-05.png three-tokens --frames --animation none
draw_photo 1000 story-dark.jpg story causal --story --query cat --theme dark
draw_photo 800 overlay.jpg layer0-head0-overlay cat --style overlay --query 0,0 --query 3,4 --query 4,9 \
  --overlay-by bilinear
draw_photo 800 overlay-class.jpg layer0-head0-overlay vit-class-token --style overlay \
  --query '[CLS]' --query mean --query 3,4

rm -rf "$work/out"
"$attn_viz" compare samples/alice.json --score dot-product,cosine,additive -o "$work/out" >"$work/table"
keep compare.png compare.png
keep differences.png compare-differences.png

draw bahdanau.png weights.png bahdanau --size 560
draw luong-local.png weights.png luong-local --size 560
draw tom-chase-jerry.png weights.png tom-chase-jerry-alignment --size 400
for score in gru dot concat monotonic; do
  draw "ich-habe-gelesen-$score.png" weights.png "ich-habe-gelesen-$score" --size 480
done
draw luong-general.png weights.png luong-general --size 480
draw no-attention.png weights.png no-attention --size 400
draw recurrence.png recurrence-hidden.png recurrence --step recurrence/hidden --size 360
draw recurrence-words.png input-embeddings.png recurrence-alice --step input/embeddings --size 480
draw recurrence-alice.png recurrence-forward-hidden.png recurrence-alice --step recurrence/forward/hidden --size 480
draw gru.png recurrence-states.png gru --step recurrence/states --size 480
draw memory.png weights.png memory --size 480
draw memory-choice.png choice.png memory-hard --step choice --size 400
for stage in similarity weights output joined; do
  draw "memory-alice-$stage.png" "$stage.png" memory-alice --step "$stage" --size 600
done
draw hierarchical.png weights.png hierarchical --size 960
draw pointer.png weights.png pointer --size 480
for sample in convolution convolution-attention; do
  "$attn_viz" run "samples/$sample.json" -o "$work/out" --no-trace --quiet
done
keep convolution/heatmap.png convolution.png
keep convolution-attention/heatmap-difference.png convolution-attention.png
draw convolution-attention-2d.png heatmap.png convolution-attention-2d --size 640
for step in weights exact_weights; do
  draw "linear-${step%_*}.png" "layer0-head0-$step.png" linear-attention --step "$step" --size 400
done
draw linear-state.png layer0-head0-state.png linear-attention-causal --step state --size 360

# influence NAME FILE... OPTION...: what depends on what.
influence() {
  local name=$1
  shift
  rm -rf "$work/out"
  "$attn_viz" influence "$@" -o "$work/out" >"$work/table"
  keep influence.png "$name"
}

influence influence.png samples/influence-{attention,convolution,recurrence}.json
influence influence-depth.png samples/influence-convolution.json --to 'layer*/output' --size 1100
influence influence-strip.png samples/strip-pooling.json --query 10,20 --color-scale log --size 800

rm -rf "$work/out"
"$attn_viz" cost --n 64..65536 --d 512 --kernel 3 --neighbourhood 64 -o "$work/out" >"$work/table"
keep cost.png cost.png

# ---- mechanisms on images ----

# draw_run NAME SAMPLE: the overview that `run` draws of a sample.
draw_run() {
  rm -rf "$work/out"
  "$attn_viz" run "samples/$2.json" -o "$work/out" --no-trace --quiet
  keep "$2/heatmap.png" "$1"
}

draw_photo 800 pixels.jpg layer0-head0-overlay pixels --style overlay --query 1,3 --query 2,7 --query 4,9
draw_photo 1000 vit.jpg layer0-overlay vit --layer 0 --style overlay --query '[CLS]' --query 3,5
draw_photo 800 sagan.jpg layer0-head0-overlay sagan --style overlay --query 0,0 --query 3,5 --query 1,3 --color-scale each
draw_photo 800 detr.jpg layer1-cross-head0-overlay detr --layer 1 --style overlay
draw_photo 800 adaptive-pooling.jpg output-overlay adaptive-pooling --style overlay
draw_photo 1000 spatial-pyramid-pooling.jpg pooled-overlay spatial-pyramid-pooling --style overlay
draw_photo 800 pyramid-pooling.jpg upsampled-overlay pyramid-pooling --style overlay
draw_run convolution-2d.png convolution-2d
draw_run atrous-pyramid-pooling.png atrous-pyramid-pooling
draw_run strip-pooling.png strip-pooling
draw_run mixed-pooling.png mixed-pooling
draw_photo 800 strip-attention.jpg columns-overlay-keys strip-attention --style overlay --step columns/weights \
  --key 8 --key 19
draw_photo 800 strip-attention-pixels.jpg columns-overlay strip-attention --style overlay --step columns/weights \
  --query 5,16 --query 9,4 --color-scale each
draw strip-similarity.png columns-similarity.png strip-attention --step columns/similarity --size 560x640
draw_run attanet-strip-attention.png attanet-strip-attention
draw_photo 800 criss-cross-attention.jpg recurrence0-overlay-query116 criss-cross-attention --style overlay \
  --step recurrence0/weights --query 5,16
draw_run attention-fusion.png attention-fusion
draw_photo 800 sad-overlay.jpg sum_power-overlay self-attention-distillation --style overlay
draw_run self-attention-distillation.png self-attention-distillation
draw_run lane-losses.png lane-losses
