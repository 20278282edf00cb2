#!/usr/bin/env bash
# The merge with sign-undo in one dispatch has the bits of the two kernels one after the other; a kernel that works in
# place is judged by a run on fresh input after it was timed.
. tests/cli/tap.sh

for backend in opencl vulkan; do
    for entry in flash_attn_vec_reduce_tq_hb_undo_dk256 flash_attn_vec_reduce_tq_hb_undo_dk512; do
        for impl in fused pair; do
            case="{op: flash_attn_vec_reduce_tq_hb_undo, entries: [$entry], impl: $impl, params: {nrows: 16, nwg: 16}}"
            "$MLXBENCH" dump "$case" --backend $backend --out "$W/$backend-$entry-$impl" > "$W/out" 2> "$W/err"
        done
        one=$(find "$W/$backend-$entry-fused" -name '*out*.npy' | grep -v oracle | head -n 1)
        two=$(find "$W/$backend-$entry-pair" -name '*out*.npy' | grep -v oracle | head -n 1)
        [ -s "$one" ] && [ -s "$two" ] && cmp -s "$one" "$two"
        result "$backend $entry: fused and pair have the same bits"
    done
done

for backend in cpu opencl vulkan; do
    run 0 run '{op: fwht, entries: [fwht_sign_premult_f32_d256], check: {fills: [normal]},
                 bench: {rounds: 1, min_time: 1ms, max_time: 5ms}}' --backend $backend --no-db
    result "$backend: a timed transform in place passes"
done
finish
