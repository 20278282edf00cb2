#!/usr/bin/env bash
# Proof that the checks bite: every mutant is laid over the built-in kernels with --kernel-dir, one source file at a time, and
# the mutants' suite of its op must fail.  Prints what was not killed and the kill rate per op and backend.
#
# A mutant is a sed script, tests/mutants/OP/NAME.sed.  Its head says
#     # file: rms_norm.cl rms_norm.comp          the sources it changes; each one is a mutant of its backend; common/FILE is a
#                                                shared one
#     # The sum leaves out the last element.     what is wrong
#     # equivalent on opencl: why                where no output can differ, or none does on the devices of a test machine
#
# Usage: tests/mutants/run.sh [--short] [--verbose] [--dir DIR] [--suite FILE]... [OP...]
#     --short       only the mutants listed in short.txt, for `make test`
#     --verbose     one line for each mutant that was killed too
#     --dir DIR     mutants in DIR instead of tests/mutants
#     --suite FILE  cases of that suite instead of OP/suite.yaml: do they kill too?
# Environment: MLXBENCH, MXB_MUTANT_BACKENDS="cpu opencl vulkan", MXB_MUTANT_JOBS (default: the processors).
# Exit code 0 if at least 98 % of the mutants that are not equivalent were killed and none was broken.
set -u
export program=${MLXBENCH:-./mlxbench} backends=${MXB_MUTANT_BACKENDS:-"cpu opencl vulkan"} work suites dir

backend_of() {
    case $1 in
        *.cl | *.cl.h) echo opencl ;;
        *.comp | *.glsl) echo vulkan ;;
        *) echo cpu ;;
    esac
}

# run_suites OP BACKEND FOLDER: mlxbench over the suites, with the kernels of FOLDER; output in FOLDER.out and .err
run_suites() {
    local own=$dir/$1/suite.yaml
    [ -f "$own" ] || own=suites/smoke.yaml
    "$program" run ${suites:-$own} --op "$1" --backend "$2" --check-only --no-db --fail-fast --threads 1 --timeout 60 --kernel-dir \
        "$3" > "$3.out" 2> "$3.err" < /dev/null
}

# baseline OP BACKEND: the unchanged sources, laid over in the same way, must pass, or a kill means nothing
baseline() {
    local folder="$work/$1-$2" source
    source=$(dirname kernels/*/"$1"/"$1".def)
    mkdir -p "$folder/${source#kernels/}"
    cp "$source"/* "$folder/${source#kernels/}"
    run_suites "$1" "$2" "$folder" || printf 'baseline %s %s - %s\n' "$2" "$1" "$(tail -qn 2 "$folder.out" "$folder.err" | tr '\n' ' ')"
}

# verdict RC FOLDER: killed, survived, or broken (no verdict of a check)
verdict() {
    case $1 in
        0) echo survived ;;
        2) if grep -qE '^  (FAIL|MISTRUSTED|CRASHED|TIMEOUT)' "$2.out"; then echo killed; else echo broken; fi ;;
        *) echo broken ;;
    esac
}

# mutate SED FILE: prints one line: verdict, backend, op, name (file), remark
mutate() {
    local sed=$1 file=$2 op name source folder changed result remark='' backend
    op=$(basename "$(dirname "$sed")") name=$(basename "$sed" .sed) backend=$(backend_of "$file")
    source=$(dirname kernels/*/"$op"/"$op".def)/$file
    case $file in common/*) source=kernels/$file ;; esac
    folder="$work/$op-$name-$(basename "$file")"
    changed=$folder/${source#kernels/}
    mkdir -p "$(dirname "$changed")"
    if ! sed -f "$sed" "$source" > "$changed" || cmp -s "$source" "$changed"; then
        result=broken remark='changes nothing'
    else
        run_suites "$op" "$backend" "$folder"
        result=$(verdict $? "$folder")
        [ "$result" != broken ] || remark=$(grep -hm1 -A3 '^  ERROR' "$folder.out" "$folder.err" | tr '\n' ' ')
        if grep -qE "^# equivalent on ([a-z]+ )*$backend( [a-z]+)*: ." "$sed"; then
            if [ "$result" = survived ]; then result=equivalent; else remark='is documented as equivalent'; fi
        fi
    fi
    printf '%s %s %s %s %s\n' "$result" "$backend" "$op" "$name($file)" "$remark"
    rm -rf "$folder" "$folder.out" "$folder.err"
}

# list OP: "mutate SED FILE" for each mutant of a backend that is asked for, in the short list if there is one
list() {
    local sed file
    for sed in "$dir/$1"/*.sed; do
        [ -z "$short" ] || grep -qx "$1/$(basename "$sed" .sed)" "$dir/short.txt" || continue
        for file in $(sed -n '1s/^# file: *//p' "$sed"); do
            case " $backends " in *" $(backend_of "$file") "*) echo "mutate $sed $file" ;; esac
        done
    done
}

# table RESULTS MUTANTS: kill rates; true if all is well and every mutant has a verdict
table() {
    awk -v jobs="$2" '
        { n[$3 " " $2 " " $1]++; op[$3]; backend[$2]; if ($1 == "killed" || $1 == "survived") { n["all " $1]++ } if ($1 == "broken") bad++ }
        $1 == "baseline" { bad++ }
        END {
            printf "\n%-30s %-8s %7s %9s %11s %6s\n", "op", "backend", "killed", "survived", "equivalent", "rate"
            for (o in op) for (b in backend) {
                k = n[o " " b " killed"]; s = n[o " " b " survived"]; e = n[o " " b " equivalent"]
                if (k + s + e) { printf "%-30s %-8s %7d %9d %11d %5.1f%%\n", o, b, k, s, e, k + s ? 100 * k / (k + s) : 100 | "sort" }
                equivalent += e
            }
            close("sort")
            k = n["all killed"] + 0; s = n["all survived"] + 0
            rate = k + s ? 100 * k / (k + s) : equivalent ? 100 : 0
            printf "%-30s %-8s %7d %9d %11d %5.1f%%\n", "total", "", k, s, equivalent, rate
            if (NR < jobs) { printf "%d of %d mutants without a verdict\n", jobs - NR, jobs; bad++ }
            if (bad) printf "%d broken: the rate means nothing\n", bad
            exit bad || rate < 98
        }' "$1"
}

short='' verbose='' suites='' dir=tests/mutants ops=''
while [ $# -gt 0 ]; do
    case $1 in
        --short) short=1 ;;
        --verbose) verbose=1 ;;
        --dir) dir=$2; shift ;;
        --suite) suites="$suites $2"; shift ;;
        -*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 3 ;;
        *) ops="$ops $1" ;;
    esac
    shift
done
work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-mutants-XXXXXX")
trap 'rm -rf "$work"' EXIT
# A mutant is compiled once: keeping its binaries costs as much as making them.
export MXB_CACHE_DIR='' MESA_SHADER_CACHE_DISABLE=1 POCL_CACHE_DIR=$work/pocl
export -f backend_of run_suites baseline verdict mutate
for op in ${ops:-$(ls -d "$dir"/*/ | xargs -n 1 basename)}; do
    [ -d "$dir/$op" ] || { echo "no mutants of '$op' in $dir" >&2; exit 3; }
    for backend in $backends; do echo "baseline $op $backend"; done
    list "$op"
done > "$work/jobs"
xargs -P "${MXB_MUTANT_JOBS:-$(nproc)}" -I{} bash -c '{}' < "$work/jobs" | tee "$work/results" |
    if [ "$verbose" ]; then cat; else grep -vE '^(killed|equivalent) [^ ]* [^ ]* [^ ]* $'; fi
table "$work/results" "$(grep -c '^mutate' "$work/jobs")"
