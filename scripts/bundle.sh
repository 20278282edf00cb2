#!/bin/sh
# Packs mlxbench for machines where nothing can be installed: one folder with the program (libyaml, SQLite, json-c and zlib inside,
# glibc 2.31 or later needed), suites, documents and licences.  Usage: scripts/bundle.sh PROGRAM DIST  (make bundle)
set -eu
program=$1 dist=$2
version=$(./mlxbench version | sed -n '1s/^mlxbench \([^ ]*\).*/\1/p')
name=mlxbench-$version-linux-$(uname -m)
newest=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
[ "$(printf '%s\nGLIBC_2.31\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.31 ] || {
    echo "bundle: the program needs $newest, later than GLIBC_2.31:" >&2
    objdump -T "$program" | grep "$newest" >&2
    exit 1
}
rm -rf "$dist/$name"
mkdir -p "$dist/$name/licences" "$dist/$name/results" "$dist/$name/docs"
cp "$program" "$dist/$name/mlxbench"
strip --strip-debug "$dist/$name/mlxbench"
cp -r suites "$dist/$name/"
[ ! -d scripts/peers ] || cp -r scripts/peers "$dist/$name/peers"
cp README.md LICENSE "$dist/$name/"
cp docs/*.md "$dist/$name/docs/"
for p in libyaml-dev libsqlite3-dev libjson-c-dev zlib1g-dev; do cp "/usr/share/doc/$p/copyright" "$dist/$name/licences/$p.txt"; done
cp LICENSE "$dist/$name/licences/mlxbench.txt"
tar -C "$dist" --sort=name --owner=0 --group=0 --numeric-owner -czf "$dist/$name.tar.gz" "$name"
rm -r "${dist:?}/$name"
echo "$dist/$name.tar.gz"
