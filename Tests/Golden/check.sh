#!/bin/bash
# Makes the golden numbers once more from the reference libraries, runs the tests against the new ones, and puts the committed ones back.
# Bits may differ between processors and versions of the libraries; the tests' tolerances decide.
# Then compares the tensor operations with PyTorch, the samplers with diffusers, and CLIP's token ids with open_clip's and transformers', on inputs that hypothesis
# draws (Tests/Peers).
# LOAM_PYTHON names a Python with torch, timm, diffusers, open_clip, scikit-learn, safetensors, Pillow, webdataset and hypothesis; with img2dataset, pandas and pyarrow
# what img2dataset downloads is compared as well.
set -uo pipefail
cd "$(dirname "$0")"
python="${LOAM_PYTHON:-python3}"
vocabulary="${LOAM_CLIP_VOCABULARY:-../../../shared/data/clip-bpe/bpe_simple_vocab_16e6.txt.gz}"
if ! "$python" -c 'import torch, timm' 2>/dev/null; then
  echo "LOAM_PYTHON ($python) has no torch and timm: nothing was checked"
  exit 0
fi
if [ -n "$(git status --porcelain -- .)" ]; then
  echo "Tests/Golden has uncommitted changes; commit or undo them first"
  exit 1
fi
[ -f "$vocabulary" ] && vocabulary="$(realpath "$vocabulary")" || vocabulary=
status=0
for script in $(find . -name 'make*.py' | sort); do
  argument=
  if [ "$script" = ./text/make.py ]; then
    if [ -z "$vocabulary" ]; then echo "$script: LOAM_CLIP_VOCABULARY names no file; left out"; continue; fi
    argument="$vocabulary"
  fi
  (cd "$(dirname "$script")" && "$python" "$(basename "$script")" $argument > /dev/null) && echo "made by $script" || { echo "$script failed"; status=1; }
done
git diff --stat -- .
(cd ../.. && make test) || status=1
if "$python" -c 'import hypothesis' 2>/dev/null; then
  "$python" ../Peers/operations.py ../../.build/release/loam || status=1
  if "$python" -c 'import diffusers' 2>/dev/null; then
    "$python" ../Peers/schedulers.py ../../.build/release/loam || status=1
    if [ -n "$vocabulary" ]; then "$python" ../Peers/tokens.py ../../.build/release/loam "$vocabulary" || status=1; fi
  fi
else
  echo "LOAM_PYTHON has no hypothesis: operations on drawn shapes and samplers of drawn options were not compared"
fi
if "$python" -c 'import nbformat, jupytext, pandas, lxml' 2>/dev/null && command -v lua5.4 > /dev/null; then
  "$python" ../Peers/notebooks.py ../../.build/release/loam || status=1
else
  echo "LOAM_PYTHON has no nbformat, jupytext, pandas and lxml, or there is no lua5.4: notebooks were not judged"
fi
if "$python" -c 'import img2dataset, webdataset' 2>/dev/null; then
  "$python" ../Peers/img2dataset.py ../../.build/release/loam || status=1
else
  echo "LOAM_PYTHON has no img2dataset and webdataset: what img2dataset downloads was not compared"
fi
if "$python" -c 'import numpy, wcwidth' 2>/dev/null; then
  "$python" ../Peers/printing.py ../../.build/release/loam || status=1
else
  echo "LOAM_PYTHON has no wcwidth: printed tensors and tables were not read back"
fi
if command -v Rscript > /dev/null && Rscript -e 'stopifnot(requireNamespace("knitr", quietly = TRUE))' 2>/dev/null; then
  "$python" ../Peers/cell_options.py ../../.build/release/loam || status=1
else
  echo "there is no R with knitr (r-cran-knitr): options of cells were not compared"
fi
git checkout -q -- .
exit $status
