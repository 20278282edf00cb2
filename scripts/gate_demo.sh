#!/usr/bin/env bash
# Shows the gate at work on three commits in a scratch clone: an innocent one stays green, one that slows a kernel by 5 % turns
# red and names that case alone, one that makes a kernel wrong exits with 2.  Wants a quiet machine; some minutes.
# Usage: scripts/gate_demo.sh
set -eu
root=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-demo-XXXXXX")
trap 'rm -rf "$work"' EXIT
kernel=kernels/bench/bench_spin/bench_spin_cpu.c
cat > "$work/suite.yaml" <<'Y'
suite: demo
backends: [cpu]
check: {fills: [normal]}
cases:
  - op: bench_spin
    params: {items: 5120, steps: 400}
  - op: rms_norm
    entries: [rms_norm_f32]
    params: {rows: 512, dim: 1024}
  - op: flash_attn_prefill_mask_fill
    params: {seq_len_q: 1024, seq_len_k: 1024, n_swa: 256}
Y
git clone -q "$root" "$work/clone"
cd "$work/clone"
git config user.name demo
git config user.email demo@example.org
build() { make -j"$(nproc)" > "$work/log" 2>&1 || { tail "$work/log"; exit 1; }; }
build
cp mlxbench "$work/base"

# commit TEXT WANTED-EXIT-CODE: builds and judges what lies in the working tree
bad=0
commit() {
    local code=0
    git commit -qam "$1"
    build
    ./mlxbench gate "$work/suite.yaml" --base "$work/base" --threads 1 --db "$work/db" > "$work/out" || code=$?
    echo
    echo "== $1: exit code $code, wanted $2"
    cat "$work/out"
    [ "$code" -eq "$2" ] || bad=1
    grep -q '5 % planted on cpu:0: found' "$work/out" || { echo "the planted slowdown was not found"; bad=1; }
}

sed -i 's/64 elements per task\./sixty-four elements per task./' $kernel
commit "an innocent commit" 0

# Every twentieth task, of the 80 that the case has, is done once more.
sed -i 's/^void bench_spin_cpu(/static __attribute__((noinline)) void spin(/' $kernel
cat >> $kernel <<'C'

void bench_spin_cpu(const struct mxb_args *a, int64_t begin, int64_t end)
{
    spin(a, begin, end);
    for (int64_t task = (begin + 19) / 20 * 20; task < end; task += 20) spin(a, task, task + 1);
}
C
commit "a kernel that does 5 % more" 1
[ "$(grep -c '^regressed' "$work/out")" -eq 1 ] && grep -A 1 '^regressed' "$work/out" | grep -q bench_spin || { echo "it does not name bench_spin alone"; bad=1; }

git checkout -q HEAD~1 -- $kernel
sed -i 's/1013904223u/1013904224u/' $kernel
commit "a wrong kernel" 2
exit $bad
