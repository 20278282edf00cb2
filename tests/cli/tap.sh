# Sourced by the command-line tests: TAP output and a private folder $W that is removed at the end.
# The program is $MLXBENCH; nothing is stored unless a test says --db.
MLXBENCH=${MLXBENCH:-$PWD/mlxbench}
W=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-test-XXXXXX")
trap 'rm -rf "$W"' EXIT
n=0
bad=0

# result NAME: reports the exit status of the command before it.
result() {
    local rc=$?
    n=$((n + 1))
    if [ $rc -eq 0 ]; then echo "ok $n - $1"; else
        echo "not ok $n - $1"
        bad=1
        [ ! -s "$W/err" ] || sed 's/^/# stderr: /' "$W/err" | head -n 5
        [ ! -s "$W/out" ] || sed 's/^/# stdout: /' "$W/out" | tail -n 8
    fi
}

skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# run CODE ARGS...: runs mlxbench, keeps $W/out and $W/err, true if the exit code is CODE.
run() {
    local want=$1
    shift
    "$MLXBENCH" "$@" > "$W/out" 2> "$W/err" < /dev/null
    code=$?
    [ $code -eq "$want" ] || { echo "# exit code $code, wanted $want: mlxbench $*"; return 1; }
}

# rejects NAME PATTERN ARGS...: exit code 3, exactly one line on stderr that matches PATTERN, nothing on stdout.
rejects() {
    local name=$1 pattern=$2
    shift 2
    run 3 "$@" && [ "$(wc -l < "$W/err")" -eq 1 ] && [ ! -s "$W/out" ] && grep -qE -- "$pattern" "$W/err"
    result "$name"
}

# running TEXT: prints the processes of mlxbench whose command line holds TEXT; true if there are any.
running() {
    local p found=1
    for p in /proc/[0-9]*; do
        case "$(tr '\0' ' ' 2> /dev/null < "$p/cmdline")" in *mlxbench*"$1"*) echo "${p#/proc/}"; found=0 ;; esac
    done 2> /dev/null
    return $found
}

finish() { echo "1..$n"; exit $bad; }
