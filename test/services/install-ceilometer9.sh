#!/usr/bin/env bash
# Installs Ceilometer 9.0.7 into a Python 3.6 environment of its own, for the suites marked [ceilometer9]: the last
# release on PyPI that has transformers, pipeline.yaml as one file, and a collector that takes UDP.
# Run it again at will: it does nothing where the right version is there. PYTHON36 names another interpreter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=9.0.7
home="${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/ceilometer9"

# pyenv's shim is on PATH even where it refuses to run, so that each candidate has to answer.
python36() {
  local candidate
  for candidate in "${PYTHON36:-}" python3.6 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.6*/bin/python3.6; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 6))' 2> /dev/null || continue
    echo "$candidate"
    return
  done
  echo 'There is no Python 3.6 here: install it (pyenv install 3.6.15) or name it in PYTHON36.' >&2
  return 1
}

installed() {
  [ "$(cat "$home/installed.txt" 2> /dev/null)" = "$version" ] &&
    "$home/bin/python" -c 'import ceilometer.pipeline, ceilometer.transformer.arithmetic' 2> /dev/null
}

mkdir -p "$(dirname "$home")"
# Two suites may ask for it at once.
exec 9> "$home.lock"
flock 9
if ! installed; then
  python=$(python36)
  "$python" -m venv --clear "$home"
  # Python 3.6 brings a pip that neither resolves nor takes wheels of today; setuptools 58 no longer builds for Python 2.
  "$home/bin/pip" install --quiet --disable-pip-version-check 9>&- 'pip==21.3.1' 'setuptools<58' wheel
  "$home/bin/pip" install --quiet --disable-pip-version-check 9>&- \
    "ceilometer==$version" msgpack-python --constraint "$here/ceilometer9/constraints.txt"
  "$home/bin/python" -c 'import ceilometer.pipeline, ceilometer.transformer.arithmetic'
  echo "$version" > "$home/installed.txt"
fi
echo "ceilometer $version: $home"
