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
# The files are read once: a kernel that changes them, and crashes so that the next case has a fresh worker, changes nothing.
# All the overlaid kernels are wrong, and each case after the first has to say so.
rm -rf "$W/k"; mkdir -p "$W/k/norm/rms_norm"
sed 's/p\.eps/(p.eps + 0.05f)/' kernels/norm/rms_norm/rms_norm.cl > "$W/k/norm/rms_norm/rms_norm.cl"
sed 's/p\.eps/(p.eps + 0.05)/' kernels/norm/rms_norm/rms_norm.comp > "$W/k/norm/rms_norm/rms_norm.comp"
cat > "$W/k/norm/rms_norm/rms_norm_cpu_body.h" <<C
#include <math.h>
#include <stdlib.h>
#include "kernels/norm/rms_norm/rms_norm.h"
void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct rms_norm_params *p = a->params;
    if (p->dim == 300 && system("sh $W/change")) _Exit(1);
    if (p->dim == 300) abort();
    for (int64_t i = begin * p->dim; i < end * p->dim; i++) ((float *)a->buf[T_Y])[i] = 0.5f;
}
C
cp -r "$W/k" "$W/wrong"
cat > "$W/s.yaml" <<'Y'
suite: changing
check: {fills: [normal]}
cases:
  - {op: rms_norm, entries: [rms_norm_f32], params: {rows: 5, dim: 300}, backends: [cpu], bench: false}
  - {op: rms_norm, entries: [rms_norm_f32], params: {rows: 5, dim: 301}, bench: false}
Y
# changes NAME COMMANDS: what the first case's kernel does to the folder
changes() {
    rm -rf "$W/k"; cp -r "$W/wrong" "$W/k"
    echo "$2" > "$W/change"
    run 2 run "$W/s.yaml" --db "$W/r.db" --threads 1 --format json --kernel-dir "$W/k" && ! diff -qrN "$W/k" "$W/wrong" > /dev/null &&
        grep -q '"PASS":0,"FAIL":3,.*"CRASHED":1,' "$W/out"
    result "an overlay that is $1 while it runs stays what it was"
}
changes removed "rm -r $W/k"
changes emptied "for f in $W/k/norm/rms_norm/*; do : > \$f; done"
changes replaced "cp kernels/norm/rms_norm/* $W/k/norm/rms_norm/"

# What it held is stored with the run, and a run can be resumed with the same alone.
hashes() { python3 -c "
import sqlite3, sys
print(*(r[0] for r in sqlite3.connect(sys.argv[1]).execute(\"select json_extract(config_json, '$.options.kernels') from run order by id\")))" "$W/r.db"; }
rm -rf "$W/k"; cp -r "$W/wrong" "$W/k"; echo 'true' >> "$W/k/norm/rms_norm/rms_norm.cl"
run 2 run "$W/s.yaml" --db "$W/r.db" --threads 1 --kernel-dir "$W/k"
read -r one two three other <<< "$(hashes)"
[ ${#one} -eq 16 ] && [ "$one" = "$two" ] && [ "$one" = "$three" ] && [ ${#other} -eq 16 ] && [ "$one" != "$other" ]
result "a hash of what it held is stored"
python3 -c "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"update run set state = 'aborted'\"); db.execute('delete from result where run_id = 4 and id % 2'); db.commit()" "$W/r.db"
echo ' ' >> "$W/k/norm/rms_norm/rms_norm.comp"
rejects "resume: an overlay that has changed" "had other kernels in --kernel-dir" run "$W/s.yaml" --db "$W/r.db" --threads 1 --kernel-dir "$W/k" --resume last
rejects "resume: no overlay" "had other options" run "$W/s.yaml" --db "$W/r.db" --threads 1 --resume last
rm -f "$W/k/norm/rms_norm/rms_norm.h"; mkfifo "$W/k/norm/rms_norm/rms_norm.h"
rejects "a pipe in an overlay" "--kernel-dir $W/k/norm/rms_norm/rms_norm.h: not a regular file" run "$case_rms" --no-db --kernel-dir "$W/k"
rejects "... also for the gate" "--kernel-dir $W/k/norm/rms_norm/rms_norm.h: not a regular file" gate "$case_rms" --no-db --kernel-dir "$W/k" --base "$MLXBENCH"

# The gate starts many programs, and each reads the folder by itself.
rm -rf "$W/k"; mkdir "$W/k"
sed "s|const bool last = .*|&\n    if (last \&\& system(\"echo >> $W/k/rms_norm_cpu_body.h\")) abort();|" tests/bad/rms_norm_cpu_body.h > "$W/k/rms_norm_cpu_body.h"
run 4 gate '{op: rms_norm, entries: [rms_norm_f32], params: {rows: 1, dim: 301}, check: {fills: [normal]}, bench: false}' \
    --no-db --backend cpu --no-control --base "$MLXBENCH" --kernel-dir "$W/k" && grep -q 'have changed while the gate ran' "$W/out"
result "gate: an overlay that changes makes it untrustworthy"
finish
