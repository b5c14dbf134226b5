#!/usr/bin/env bash
# Installs Gnocchi's library into a Python environment of its own, for the suites marked [gnocchi]: its aggregation
# (carbonara) says what it would store. Run it again at will: it does nothing where the right version is there.
# PYTHON names another interpreter (3.11 or newer).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=4.7.1
home="${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/gnocchi"

installed() {
  "$home/bin/python" -c "import importlib.metadata as m, sys; sys.exit(m.version('gnocchi') != '$version')" 2>/dev/null
}

if ! installed; then
  "${PYTHON:-python3}" -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check \
    "gnocchi==$version" --constraint "$here/gnocchi/constraints.txt"
fi
"$home/bin/python" -c 'import gnocchi.carbonara, gnocchi.archive_policy'
echo "gnocchi $version: $home"
