#!/usr/bin/env bash
# Proof that the checks bite: every mutant (a sed script) is applied to one kernel source at a time, laid over the built-in kernels
# with --kernel-dir, and the suite must not pass.  Prints the kill rate per op and backend; survivors fail the run.
# Usage: tests/mutants/run.sh [OP...]    MXB_MUTANT_BACKENDS="opencl vulkan cpu" restricts.
set -u
program=${MLXBENCH:-./mlxbench}
backends=${MXB_MUTANT_BACKENDS:-"cpu opencl vulkan"}
work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-mutants-XXXXXX")
trap 'rm -rf "$work"' EXIT
killed=0 survived=0 skipped=0

backend_of() {
    case $1 in
        *.cl) echo opencl ;;
        *.comp) echo vulkan ;;
        *) echo cpu ;;
    esac
}

# mutate OP SED FILE: one mutant of one file
mutate() {
    local op=$1 sed=$2 file=$3 dir backend name
    dir=$(dirname "$(ls kernels/*/"$op"/"$op".def)")
    name=$(basename "$sed" .sed) backend=$(backend_of "$file")
    case " $backends " in *" $backend "*) ;; *) return ;; esac
    rm -rf "$work/k"
    mkdir -p "$work/k/${dir#kernels/}"
    sed -f "$sed" "$dir/$file" > "$work/k/${dir#kernels/}/$file"
    if cmp -s "$dir/$file" "$work/k/${dir#kernels/}/$file"; then
        printf 'UNCHANGED %-8s %-28s %s\n' "$backend" "$op" "$name ($file)"
        survived=$((survived + 1))
        return
    fi
    "$program" run suites/smoke.yaml --op "$op" --backend "$backend" --check-only --no-db --kernel-dir "$work/k" --timeout 60 > "$work/out" 2> "$work/err"
    case $? in
        2) if grep -q '^  ERROR' "$work/out" && ! grep -qE '^  (FAIL|MISTRUSTED|CRASHED|TIMEOUT)' "$work/out"; then
               printf 'BROKEN    %-8s %-28s %s\n' "$backend" "$op" "$name ($file): does not compile"
               grep -m1 -A3 '^  ERROR' "$work/out"
               survived=$((survived + 1))
           else
               printf 'killed    %-8s %-28s %s\n' "$backend" "$op" "$name ($file)"
               killed=$((killed + 1))
           fi ;;
        0) printf 'SURVIVED  %-8s %-28s %s\n' "$backend" "$op" "$name ($file)"
           survived=$((survived + 1)) ;;
        *) printf 'ODD       %-8s %-28s %s: %s\n' "$backend" "$op" "$name ($file)" "$(head -n 1 "$work/err")"
           survived=$((survived + 1)) ;;
    esac
}

ops=${*:-$(ls -d tests/mutants/*/ | xargs -n 1 basename)}
for op in $ops; do
    for backend in $backends; do      # the unchanged kernels must pass, or a kill means nothing
        "$program" run suites/smoke.yaml --op "$op" --backend "$backend" --check-only --no-db > "$work/out" 2>&1 || {
            printf 'BASELINE  %-8s %-28s does not pass\n' "$backend" "$op"
            tail -n 3 "$work/out"
            survived=$((survived + 1))
        }
    done
    for sed in tests/mutants/"$op"/*.sed; do
        for file in $(sed -n '1s/^# file: *//p' "$sed"); do mutate "$op" "$sed" "$file"; done
    done
done
printf '%d mutants killed, %d not\n' "$killed" "$survived"
[ "$survived" -eq 0 ]
