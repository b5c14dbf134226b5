#!/usr/bin/env bash
# install-kerberos.sh: what install-python.sh does not bring, because it is compiled against the headers of Kerberos
# (Debian: libkrb5-dev, python3-dev, g++): the service's side, and a foreign client. Into the same environment.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/python
REQUIREMENTS=$HERE/kerberos-requirements.txt
if cmp -s "$REQUIREMENTS" "$DIR/installed-kerberos.txt"; then echo "kerberos already there: $DIR"; exit 0; fi
"$HERE/install-python.sh"
"$DIR/bin/pip" install --quiet --disable-pip-version-check -r "$REQUIREMENTS"
cp "$REQUIREMENTS" "$DIR/installed-kerberos.txt"
echo "kerberos there: $DIR"
