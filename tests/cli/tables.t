#!/usr/bin/env bash
# Every shape, binding, constant, source and entry name of the op tables resolves, and the program says so itself.
. tests/cli/tap.sh
run 0 doctor && grep -q 'tables consistent' "$W/out"
result "doctor finds the op tables consistent"
run 0 list ops && grep -q '^rms_norm ' "$W/out" && grep -q '^flash_attn_prefill ' "$W/out"
result "list ops"
run 0 list entries && [ "$(grep -c '^steel_attention_' "$W/out")" -eq 10 ]
result "list entries has the ten steel_attention aliases"
run 0 list --shaders && while read -r src _; do [ -f "$src" ] || exit 1; done < "$W/out"
result "every shader source exists"
for op in $("$MLXBENCH" list ops | awk '{print $1}'); do
    dir=$(dirname "$(ls kernels/*/"$op"/"$op".def)")
    [ -f "$dir/$op.c" ] && ls "$dir"/*.cl "$dir"/*.comp "$dir"/*_cpu.c > /dev/null 2>&1
    result "$op has C, OpenCL C and GLSL sources"
    ls tests/mutants/"$op"/*.sed > /dev/null 2>&1
    result "$op has mutants"
    run 0 show "$op" && grep -q '^entry points' "$W/out"
    result "show $op"
done
finish
