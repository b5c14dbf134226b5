#!/usr/bin/env bash
# Installs the real Ceilometer into a Python environment of its own, for the suites marked [ceilometer].
# Run it again at will: it does nothing where the right version is there. PYTHON names another interpreter (3.11 or newer).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=26.0.0
home="${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/ceilometer"

installed() {
  "$home/bin/python" -c "
import importlib.metadata as m, sys, confluent_kafka, gnocchiclient, kombu
sys.exit(m.version('ceilometer') != '$version')" 2>/dev/null
}

if ! installed; then
  "${PYTHON:-python3}" -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check \
    "ceilometer==$version" 'oslo.messaging[kafka]' gnocchiclient kombu msgpack --constraint "$here/ceilometer/constraints.txt"
fi
# Its polling agent alone needs libvirt's own library, of the version that is installed.
if pkg-config --exists libvirt 2>/dev/null && ! "$home/bin/python" -c 'import libvirt' 2>/dev/null; then
  "$home/bin/pip" install --quiet --disable-pip-version-check "libvirt-python==$(pkg-config --modversion libvirt)"
fi
"$home/bin/python" -c 'import ceilometer.publisher.udp, confluent_kafka, msgpack'
echo "ceilometer $version: $home"
