#!/usr/bin/env bash
# --kernel-dir: an edited kernel is what runs, in every language; a broken one is an ERROR of its case and nothing more.
. tests/cli/tap.sh
case_rms='{op: rms_norm, entries: [rms_norm_f32], params: {rows: 5, dim: 300}}'

# overlay NAME FILE SED: a folder with one edited copy
overlay() {
    rm -rf "$W/k"
    mkdir -p "$W/k/norm/rms_norm"
    sed "$2" "kernels/norm/rms_norm/$1" > "$W/k/norm/rms_norm/$1"
    ! cmp -s "kernels/norm/rms_norm/$1" "$W/k/norm/rms_norm/$1"
}

for pair in opencl:rms_norm.cl vulkan:rms_norm.comp cpu:rms_norm.h; do
    b=${pair%%:*} f=${pair#*:}
    rm -rf "$W/k"
    mkdir -p "$W/k/norm/rms_norm"
    cp "kernels/norm/rms_norm/$f" "$W/k/norm/rms_norm/$f"
    run 0 run "$case_rms" --backend $b --check-only --no-db --kernel-dir "$W/k"
    result "$b: an unchanged overlay passes"
done

overlay rms_norm.cl 's/p\.eps/(p.eps + 0.05f)/'
run 2 run "$case_rms" --backend opencl --check-only --no-db --kernel-dir "$W/k" && grep -q 'FAIL' "$W/out" && grep -q "mlxbench run '" "$W/out"
result "opencl: a wrong constant fails with a repro line"
overlay rms_norm.comp 's/p\.eps/(p.eps + 0.05)/'
run 2 run "$case_rms" --backend vulkan --check-only --no-db --kernel-dir "$W/k" && grep -q 'FAIL' "$W/out"
result "vulkan: a wrong constant fails"
for f in rms_norm_cpu.c rms_norm_cpu_avx2.c rms_norm_cpu_avx512.c rms_norm_cpu_body.h; do
    [ -f kernels/norm/rms_norm/$f ] && grep -q 'eps' kernels/norm/rms_norm/$f && cpu_file=$f
done
rm -rf "$W/k"; mkdir -p "$W/k/norm/rms_norm"
for f in kernels/norm/rms_norm/*_cpu*; do sed 's/p->eps/(p->eps + 0.05f)/' "$f" > "$W/k/norm/rms_norm/$(basename "$f")"; done
! cmp -s "kernels/norm/rms_norm/$cpu_file" "$W/k/norm/rms_norm/$cpu_file"
result "cpu: the edit changes the source"
run 2 run "$case_rms" --backend cpu --check-only --no-db --kernel-dir "$W/k" && grep -q 'FAIL' "$W/out"
result "cpu: a wrong constant fails"

overlay rms_norm.cl '$a this is no OpenCL C'
run 2 run "$case_rms" --check-only --no-db --kernel-dir "$W/k" && grep -q 'ERROR opencl' "$W/out" && grep -q 'PASS cpu' "$W/out" && grep -q 'PASS vulkan' "$W/out"
result "opencl: a source that does not compile is ERROR, the run goes on"
grep -qi 'error' "$W/out"
result "opencl: the compiler's log is shown"
overlay rms_norm.comp '$a this is no GLSL'
run 2 run "$case_rms" --check-only --no-db --kernel-dir "$W/k" && grep -q 'ERROR vulkan' "$W/out" && grep -q 'PASS opencl' "$W/out"
result "vulkan: a source that does not compile is ERROR, the run goes on"
rejects "a missing --kernel-dir is bad input" 'kernel-dir' run "$case_rms" --kernel-dir "$W/none" --no-db
mkdir -p "$W/empty"
rejects "a --kernel-dir without kernels is bad input" 'kernel-dir' run "$case_rms" --kernel-dir "$W/empty" --no-db
finish
