#!/usr/bin/env bash
# One smoke case of every op on the cpu backend is clean under valgrind: no error, no leak.
. tests/cli/tap.sh
command -v valgrind > /dev/null || { skip "valgrind" "not installed"; finish; }
for op in rms_norm flash_attn_prefill_mask_fill flash_attn_prefill_blk flash_attn_prefill; do
    MXB_INPROCESS=1 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$MLXBENCH" run suites/smoke.yaml --op $op \
        --backend cpu --check-only --no-db --threads 2 --shard 1/3 > "$W/out" 2> "$W/err"
    result "$op under valgrind"
done
finish
