#!/usr/bin/env bash
# root.sh OUT.tar: the root file system that the image begins with, as a tar: Debian's C and C++ libraries, what librdkafka
# needs, certificates, time zones, an ssh client. From Debian's packages alone, with mmdebstrap, as root; some 10 s, 48 MB.
# Env: SUITE=bookworm
set -euo pipefail
OUT=$(realpath "${1:?root.sh OUT.tar}")
PACKAGES=base-files,ca-certificates,libc6,libgcc-s1,libstdc++6,libssl3,zlib1g,libzstd1,libsasl2-2,libsasl2-modules-gssapi-mit,netbase,openssh-client,tzdata
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
ROOT=$WORK/root
mmdebstrap --quiet --mode=root --variant=extract --include="$PACKAGES" "${SUITE:-bookworm}" "$ROOT"

# Nothing ran that the packages would run when they are installed: what of it matters here.
mkdir -p "$ROOT/etc/ssl/certs" "$ROOT/tmp"
find "$ROOT/usr/share/ca-certificates" -name '*.crt' | LC_ALL=C sort | xargs cat > "$ROOT/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0::/:/sbin/nologin\nhypermeter:x:65532:65532::/tmp:/sbin/nologin\n' > "$ROOT/etc/passwd"
printf 'root:x:0:\nhypermeter:x:65532:\n' > "$ROOT/etc/group"
printf 'hosts: files dns\npasswd: files\ngroup: files\n' > "$ROOT/etc/nsswitch.conf"
chmod 1777 "$ROOT/tmp"

# And what does not, but would differ from run to run. The list of packages stays, for whoever scans images.
rm -rf "$ROOT"/usr/share/{doc,man,locale,lintian,bug}/* "$ROOT"/var/cache/* "$ROOT"/var/lib/apt/* "$ROOT"/var/log/* "$ROOT/dev"/*
rm -f "$ROOT"/var/lib/dpkg/{lock*,*-old}
tar -C "$ROOT" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -cf "$OUT" .
