#!/usr/bin/env bash
# Installs Vates' client of XenServer and XCP-ng (npm: xen-api) into a folder of its own, for the suites marked
# [xenApi]: it has to get along with the fake pool. Apart from our own dependencies because of the licences of two of
# its own. Run it again at will: it does nothing where the right version is there.
set -euo pipefail
version=4.7.6
home="${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/xen-api"
package="$home/node_modules/xen-api/package.json"

if [ "$(node -p 'require(process.argv[1]).version' "$package" 2>/dev/null)" != "$version" ]; then
  mkdir -p "$home"
  npm install --prefix "$home" --no-save --ignore-scripts --loglevel=error "xen-api@$version"
fi
echo "xen-api $version: $home"
