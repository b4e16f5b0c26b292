#!/bin/bash
# Makes the golden numbers once more from the reference libraries and says which files would change.
# LOAM_PYTHON names a Python with torch, timm, diffusers, open_clip, scikit-learn, safetensors, Pillow and webdataset.
set -uo pipefail
cd "$(dirname "$0")"
python="${LOAM_PYTHON:-python3}"
if ! "$python" -c 'import torch, timm' 2>/dev/null; then
  echo "LOAM_PYTHON ($python) has no torch and timm: nothing was checked"
  exit 0
fi
status=0
for script in $(find . -name 'make*.py' | sort); do
  echo "$script"
  (cd "$(dirname "$script")" && "$python" "$(basename "$script")") || { echo "$script failed"; status=1; }
done
git diff --stat --exit-code -- . || status=1
exit $status
