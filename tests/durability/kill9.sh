#!/usr/bin/env bash
# Kills a run with SIGKILL at a random moment, again and again: the database stays sound, no case that was printed is lost,
# none is there twice, no worker stays behind, and --resume completes the run to the results of an undisturbed one.
# Usage: tests/durability/kill9.sh [TIMES [SUITE]]     200 times if left out; one line for every failure and one at the end.
set -u
times=${1:-200}
suite=${2:-suites/smoke.yaml}
program=${MLXBENCH:-$PWD/mlxbench}
work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-kill9-XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0 midway=0
options=(--op rms_norm --rounds 1)

started=$(date +%s%N)
"$program" run "$suite" "${options[@]}" --db "$work/whole.db" > /dev/null || { echo "the undisturbed run fails"; exit 1; }
took_ms=$((($(date +%s%N) - started) / 1000000))

# running TEXT: prints the processes whose command line holds TEXT; true if there are any
running() {
    local p found=1
    for p in /proc/[0-9]*; do
        case "$(tr '\0' ' ' 2> /dev/null < "$p/cmdline")" in *mlxbench*"$1"*) echo "${p#/proc/}"; found=0 ;; esac
    done 2> /dev/null
    return $found
}

# check_kill LINES DB WHOLE: after the kill.  Prints how many of how many cases were done.
check_kill() {
    python3 - "$@" <<'P'
import json, sqlite3, sys
printed = [json.loads(l) for l in open(sys.argv[1]) if l.endswith("}\n")]
db, whole = sqlite3.connect(sys.argv[2]), sqlite3.connect(sys.argv[3])
rows = "select substr(case_hash, 1, 10), backend, device, suite, status from v_result order by 1, 2, 3, 4, 5"
assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
assert db.execute("pragma foreign_key_check").fetchone() is None
stored = db.execute(rows).fetchall()
assert len(set(stored)) == len(stored), "a case is there twice"
lost = {(r["id"], r["backend"], r["device"], r["suite"], r["status"]) for r in printed if "id" in r} - set(stored)
assert not lost, "lost: %s" % lost
torn = db.execute("select count(*) from result r where nround <> (select count(*) from round where result_id = r.id)").fetchone()
assert torn == (0,), "a result without its rounds"
all_rows = whole.execute(rows).fetchall()
assert set(stored) <= set(all_rows)
print(len(stored), len(all_rows))
P
}

# check_end DB WHOLE: after --resume
check_end() {
    python3 - "$@" <<'P'
import sqlite3, sys
db, whole = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2])
rows = "select case_hash, backend, device, suite, status, attempt from v_result order by 1, 2, 3, 4, 5"
assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
assert db.execute("select state, count(*) from run").fetchall() == [("complete", 1)]
assert db.execute(rows).fetchall() == whole.execute(rows).fetchall(), "other results than an undisturbed run"
P
}

for ((i = 1; i <= times; i++)); do
    db=$work/$i.db
    "$program" run "$suite" "${options[@]}" --format json --db "$db" > "$work/lines" 2> "$work/err" &
    pid=$!
    sleep "$(awk -v ms=$((RANDOM * 32768 + RANDOM)) -v took=$took_ms 'BEGIN { printf "%.4f", ms % (took + 1) / 1000 }')"
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    workers=$(running "--db $db " > /dev/null && sleep 0.5 && running "--db $db ")     # it may take a moment to die of its parent's death
    [ -z "$workers" ] || { echo "$i: left behind: $workers"; failed=$((failed + 1)); }
    if [ ! -s "$db" ] || [ "$(python3 -c "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(
            \"select count(*) from sqlite_schema where name = 'run'\").fetchone()[0])" "$db")" = 0 ]; then
        rm -f "$db"*                  # killed before the database was made: nothing to lose
        continue
    fi
    done_of=$(check_kill "$work/lines" "$db" "$work/whole.db" 2> "$work/why") || {
        echo "$i: $(tail -n 1 "$work/why")"; failed=$((failed + 1)); continue; }
    case $done_of in "0 "*) ;; *) [ "${done_of% *}" = "${done_of#* }" ] || midway=$((midway + 1)) ;; esac
    runs=$(python3 -c "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('select state from run').fetchall())" "$db")
    case $runs in *complete*) continue ;; "") "$program" run "$suite" "${options[@]}" --db "$db" > "$work/out" 2>&1 ;; *)
        "$program" run --resume last --db "$db" > "$work/out" 2>&1 ;; esac || {
        echo "$i: cannot resume: $(tail -n 1 "$work/out")"; failed=$((failed + 1)); continue; }
    check_end "$db" "$work/whole.db" 2> "$work/why" || { echo "$i: $(tail -n 1 "$work/why")"; failed=$((failed + 1)); }
    rm -f "$db"*
done
echo "killed $times times, $midway with a part of the cases done; $failed failures"
[ $failed -eq 0 ]
