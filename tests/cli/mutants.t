#!/usr/bin/env bash
# Mutants: a few of each op are killed, and the driver tells a survivor, an equivalent and a broken one apart; --fail-fast.
. tests/cli/tap.sh
export MLXBENCH

tests/mutants/run.sh --short > "$W/out" 2> "$W/err"
result "the mutants of the short list are killed, on every backend"
awk '$2 ~ /^(cpu|opencl|vulkan)$/ && $3 > 0' "$W/out" | wc -l > "$W/lines" && [ "$(cat "$W/lines")" -ge 12 ]
result "the table has a row per op and backend"
listed=0
while read -r name; do [ -f "tests/mutants/$name.sed" ] && listed=$((listed + 1)); done < tests/mutants/short.txt
[ "$listed" -eq "$(wc -l < tests/mutants/short.txt)" ]
result "every mutant of the short list exists"

# driver NAME CODE PATTERN SED: one mutant of rms_norm.cl in a folder of its own
driver() {
    local name=$1 code=$2 pattern=$3
    rm -rf "$W/m"
    mkdir -p "$W/m/rms_norm"
    printf "suite: t\nbench: false\ncases:\n  - {op: rms_norm, entries: [rms_norm_f32], params: {rows: 3, dim: 40}}\n" > "$W/m/rms_norm/suite.yaml"
    printf '%b' "$4" > "$W/m/rms_norm/one.sed"
    MXB_MUTANT_BACKENDS=opencl tests/mutants/run.sh --verbose --dir "$W/m" rms_norm > "$W/out" 2> "$W/err"
    [ $? -eq "$code" ] && grep -qE "$pattern" "$W/out"
    result "$name"
}
driver "a wrong kernel is killed" 0 '^killed opencl rms_norm one\(rms_norm.cl\)' '# file: rms_norm.cl\ns/p\\.eps/(p.eps + 0.5f)/\n'
driver "a kernel that computes the same survives and fails the run" 1 '^survived opencl rms_norm one' '# file: rms_norm.cl\ns/part\\[t\\] = s;/part[t] = 1.0f * s;/\n'
driver "unless it is documented as equivalent there" 0 '^total +0 +0 +1' \
    '# file: rms_norm.cl\n# equivalent on cpu opencl: a product with 1\ns/part\\[t\\] = s;/part[t] = 1.0f * s;/\n'
driver "a remark for another backend does not count" 1 '^survived' '# file: rms_norm.cl\n# equivalent on vulkan: no\ns/part\\[t\\] = s;/part[t] = 1.0f * s;/\n'
driver "a mutant that changes nothing is broken" 1 '^broken .*changes nothing' '# file: rms_norm.cl\ns/no such text//\n'
driver "a mutant that does not compile is broken" 1 '^broken' '# file: rms_norm.cl\n$a no OpenCL C\n'

# --fail-fast
mkdir -p "$W/k"
sed 's/p\.eps/(p.eps + 0.5f)/' kernels/norm/rms_norm/rms_norm.cl > "$W/k/rms_norm.cl"
three='{op: rms_norm, entries: [rms_norm_f32], sweep: {dim: [40, 41, 42]}, bench: false}'
run 2 run "$three" --backend opencl --no-db --kernel-dir "$W/k" && grep -q '3 FAIL' "$W/out"
result "without --fail-fast every case is run"
run 2 run "$three" --backend opencl --no-db --kernel-dir "$W/k" --fail-fast && grep -q '1 FAIL' "$W/out" && grep -q '2 cases not run' "$W/out"
result "with --fail-fast the rest is left out, and counted"
run 0 run "$three" --backend opencl --no-db --fail-fast && grep -q '3 PASS' "$W/out" && ! grep -q 'not run' "$W/out"
result "with --fail-fast what passes is run to the end"
finish
