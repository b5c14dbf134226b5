#!/usr/bin/env bash
# install-python.sh: the Python environment of the foreign judges, at ${XDG_CACHE_HOME:-~/.cache}/hypermeter/python.
# Idempotent: it is brought up to python-requirements.txt, and left alone while that has not changed.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/python
REQUIREMENTS=$HERE/python-requirements.txt
if cmp -s "$REQUIREMENTS" "$DIR/installed.txt"; then echo "python already there: $DIR"; exit 0; fi
[ -x "$DIR/bin/pip" ] || python3 -m venv "$DIR"
"$DIR/bin/pip" install --quiet --disable-pip-version-check -r "$REQUIREMENTS"
cp "$REQUIREMENTS" "$DIR/installed.txt"
echo "python there: $DIR"
