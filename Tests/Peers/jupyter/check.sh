#!/bin/bash
# Judges the Jupyter kernel by programs that nobody here wrote. They are installed into a Python environment of their own:
# LOAM_JUPYTER names it (default: .build/jupyter; made when it is missing).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
loam="$(realpath "${LOAM:-$here/../../../.build/release/loam}")"
place="${LOAM_JUPYTER:-$here/../../../.build/jupyter}"
if [ ! -x "$place/bin/python" ]; then
  python3 -m venv "$place"
  "$place/bin/pip" install -q jupyter_kernel_test==0.7.0 jupyter_client ipykernel nbclient papermill nbconvert jupytext jupyter-console pexpect pillow numpy
fi
export PATH="$place/bin:$PATH" LOAM="$loam"
# What is typed here is not the user's.
LOAM_KERNEL_HISTORY="$(mktemp -d)/history.sqlite"
export LOAM_KERNEL_HISTORY
"$loam" kernel install --prefix "$place"
status=0
python "$here/test_kernel.py" || status=1
python "$here/raw_client.py" loam || status=1
python "$here/raw_client.py" python3 || status=1
python "$here/test_front_ends.py" || status=1
exit $status
