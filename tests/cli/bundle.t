#!/usr/bin/env bash
# The bundle: unpacked anywhere it runs the suites that lie beside it, and it needs only an old glibc.
. tests/cli/tap.sh

make -s bundle > "$W/out" 2> "$W/err"
result "make bundle"
archive=$(tail -n 1 "$W/out")
tar -C "$W" -xzf "$archive"
folder=$W/$(basename "$archive" .tar.gz)
(cd "$folder" && ./mlxbench run suites/smoke.yaml --op rms_norm --check-only) > "$W/out" 2> "$W/err" && [ -s "$folder/results/mlxbench.db" ]
result "runs where it was unpacked"
! ldd "$folder/mlxbench" | grep -E 'yaml|sqlite|json|libz'
result "libraries are inside"
[ "$(objdump -T "$folder/mlxbench" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | sed 's/.*\.//')" -le 31 ]
result "needs no symbol later than glibc 2.31"
(cd "$folder" && ./mlxbench list cases suites/peers.yaml --format json > "$W/cases.jsonl" && [ -s peers/torch_worker.py ] && python3 peers/torch_peer.py --help) |
    grep -q -- --graph && grep -q '"op":"rms_norm"' "$W/cases.jsonl"
result "the peers and their suite are with it"
[ -s "$folder/licences/libsqlite3-dev.txt" ] && [ -s "$folder/licences/libyaml-dev.txt" ]
result "licences are with it"
finish
