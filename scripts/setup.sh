#!/bin/sh
# Installs what mlxbench needs on Debian 12 or a relative of it: nothing when all is there.  Idempotent.
set -eu
packages="build-essential pkg-config libvulkan-dev glslc ocl-icd-opencl-dev pocl-opencl-icd mesa-vulkan-drivers
vulkan-validationlayers libyaml-dev libsqlite3-dev libjson-c-dev zlib1g-dev libxxhash-dev libcmocka-dev gnuplot-nox libxml2-utils valgrind python3"
missing=
for p in $packages; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
command -v apt-get > /dev/null || {
    echo "setup: no apt-get here; install by hand:$missing" >&2
    exit 1
}
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [ -t 0 ]; }; then as_root=sudo; else
        echo "setup: packages are missing and this user may not install them; run:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing > /dev/null
