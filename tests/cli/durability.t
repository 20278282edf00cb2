#!/usr/bin/env bash
# Nothing that was finished is ever lost: kill -9, Ctrl-C, --resume, a full disk, two programs on one database.
. tests/cli/tap.sh
unset MLXBENCH_DB
export TMPDIR=$W/tmp
mkdir "$TMPDIR"
db=$W/r.db
suite=suites/smoke.yaml

# query DB SQL: prints the rows, values separated by blanks
query() { python3 -c "
import sqlite3, sys
for r in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(*r)" "$@"; }
sound() { [ "$(query "$1" 'pragma integrity_check')" = ok ]; }
rows() { query "$1" "select case_hash, backend, device, suite, attempt, status from v_result where run like '${2:-}%' order by 1, 2, 3, 4, 5"; }

tests/durability/kill9.sh 6 > "$W/out" 2> "$W/err"
result "kill -9 at six random moments loses nothing"

# A run that waits in its third case, by a kernel that hangs for one value of dim.
mkdir -p "$W/k/norm/rms_norm"
cp tests/bad/rms_norm_cpu_body.h "$W/k/norm/rms_norm/"
cat > "$W/s.yaml" <<'Y'
suite: "it's; DROP TABLE result; --\" OR 1=1"
cases:
  - {op: rms_norm, entries: [rms_norm_f32], sweep: {dim: [64, 65, 1043, 66, 67]}, backends: [cpu], check: {fills: [normal]}, bench: false}
Y

# temporaries: how many runs have left a folder behind
temporaries() { find "$TMPDIR" -maxdepth 1 -name 'mlxbench-run-*' | wc -l; }
small() { run 0 run '{op: rms_norm, entries: [rms_norm_f32], backends: [cpu], bench: false}' --no-db; }

# start SIGNAL...: begins that run, waits until two cases are printed, sends the signals; $code, $W/out, $W/err
start() {
    "$MLXBENCH" run "$W/s.yaml" --kernel-dir "$W/k" --db "$db" --format json > "$W/out" 2> "$W/err" < /dev/null &
    local pid=$!
    for ((i = 0; i < 600; i++)); do
        [ "$(wc -l < "$W/out")" -ge 2 ] && break
        sleep 0.05
    done
    for s in "$@"; do if [ "$s" = small ]; then small && beside=$(temporaries); else kill -"$s" $pid; fi; done
    wait $pid
    code=$?
}

start INT
[ $code -eq 130 ] && [ "$(grep -c '"status":"PASS"' "$W/out")" -eq 2 ] && grep -q '"interrupted":true' "$W/out" && [ ! -s "$W/err" ]
result "Ctrl-C: exit code 130, what is done is printed"
[ "$(query "$db" "select state, (select count(*) from result) from run")" = "aborted 2" ] && sound "$db"
result "Ctrl-C: what is done is kept"
! running "$W/" > "$W/out"; result "Ctrl-C: no process is left"
start TERM
[ $code -eq 143 ] && ! running "$W/" > "$W/out"; result "SIGTERM: exit code 143, no process is left"
start HUP
[ $code -eq 129 ] && ! running "$W/" > "$W/out" && [ "$(temporaries)" -eq 0 ]; result "SIGHUP: exit code 129, no process and no folder is left"
start INT INT
[ $code -eq 130 ] && { sleep 0.2; ! running "$W/" > "$W/out"; }; result "a second Ctrl-C: exit code 130, no process is left"
start KILL 2> /dev/null
sleep 0.3
! running "$W/" > "$W/out"; result "kill -9 in the middle of a kernel that hangs: no process is left"
[ "$(temporaries)" -eq 1 ] && small && [ "$(temporaries)" -eq 0 ]
result "kill -9: the next run removes the temporary folder"
mkdir "$W/else" && ln -s "$W/else" "$TMPDIR/mlxbench-run-link"
start small INT
[ $code -eq 130 ] && [ "$beside" -eq 2 ] && [ -d "$W/else" ] && rm "$TMPDIR/mlxbench-run-link" && [ "$(temporaries)" -eq 0 ]
result "... but not that of a run that goes on, nor one behind a link"
[ "$(query "$db" "select count(distinct suite), max(suite) from result")" = "1 it's; DROP TABLE result; --\" OR 1=1" ]
result "a suite's name is text to the database"

# ... nor what a worker has started: here a compiler, with a child of its own.
cat > "$W/cc" <<'C'
#!/bin/sh
sleep 1000 &
echo $! > "$(dirname "$0")/started.new"
mv "$(dirname "$0")/started.new" "$(dirname "$0")/started"
wait
C
chmod +x "$W/cc"
CC=$W/cc "$MLXBENCH" run '{op: rms_norm, entries: [rms_norm_f32], backends: [cpu], bench: false}' --kernel-dir "$W/k" --no-db > "$W/out" 2> "$W/err" &
while [ ! -e "$W/started" ] && kill -0 $!; do sleep 0.05; done
{ kill -KILL $! && wait $!; } 2> /dev/null
child=$(cat "$W/started")
for ((i = 0; i < 600; i++)); do kill -0 "$child" 2> /dev/null || break; sleep 0.05; done
! kill -0 "$child" 2> /dev/null
result "kill -9 while a kernel is compiled: the compiler's processes end"
kill "$child" 2> /dev/null

# Commands that are no runs end as well, with nothing half done: `import` of what never ends, until it is told to.
mkfifo "$W/pipe"
echo '{"mlxbench":"results","version":1}' > "$W/lines"
for command in "import /dev/stdin --db $W/new.db" "run /dev/stdin --db $W/new.db"; do
    # shellcheck disable=SC2086
    "$MLXBENCH" $command < "$W/pipe" > "$W/out" 2> "$W/err" &
    exec 9> "$W/pipe"
    cat "$W/lines" >&9
    kill -TERM $!
    exec 9>&-
    wait $!
    [ $? -eq 143 ] && [ "$(wc -l < "$W/err")" -le 1 ] && [ ! -e "$W/new.db" ]
    result "${command%% *}: SIGTERM ends it while it reads, exit code 143, no database is left"
done

# The database goes while a run stores into it: by the kernel of the second of three cases.
mkdir "$W/k2"
sed "s|const bool last = .*|&\n    if (last \&\& p->dim == 65 \&\& system(\"sh $W/change\")) abort();|" tests/bad/rms_norm_cpu_body.h > "$W/k2/rms_norm_cpu_body.h"
while read -r how command; do
    echo "cd $W && $command" > "$W/change"
    run 5 run '{op: rms_norm, entries: [rms_norm_f32], sweep: {dim: [64, 65, 66]}, backends: [cpu], check: {fills: [normal]}, bench: false}' \
        --kernel-dir "$W/k2" --db "$W/gone.db" --format json --threads 1 &&
        [ "$(wc -l < "$W/err")" -eq 1 ] && grep -q "gone.db': it was removed, renamed or replaced" "$W/err" && [ "$(grep -c '"status"' "$W/out")" -eq 1 ]
    result "a database that is $how during a run: exit code 5, and nothing is shown as if it were stored"
    rm -f "$W"/gone.db* "$W"/other.db*
done <<'T'
removed rm gone.db*
renamed mv gone.db other.db
replaced cp gone.db new.db && mv new.db gone.db
T

# Closed standard streams: what is opened next must not take their place.
one='{op: rms_norm, entries: [rms_norm_f32], check: {fills: [normal]}, bench: false, backends: [cpu]}'
"$MLXBENCH" run "$one" --db "$W/closed.db" <&- >&- 2>&-
[ $? -eq 3 ]; result "without any standard stream: the output is missing, which is exit code 3"
"$MLXBENCH" run "$one" --db "$W/closed.db" --report junit="$W/closed.xml" <&- 2>&- > "$W/out"
[ $? -eq 0 ] && grep -q '</testsuites>' "$W/closed.xml"; result "without stdin and stderr: fine"
[ "$(query "$W/closed.db" "select group_concat(status), group_concat(distinct state) from result join run on run.id = run_id")" = "PASS,PASS complete" ] &&
    sound "$W/closed.db"
result "... and the results are whole"

# --resume
run 0 run $suite --check-only --db "$W/whole.db"
run 0 run $suite --check-only --db "$W/part.db"
python3 - "$W/part.db" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("pragma foreign_keys = on")
db.execute("delete from result where id % 3 = 0")
db.execute("update run set state = 'aborted', finished_ns = null")
db.commit()
P
uuid=$(query "$W/part.db" "select uuid from run")
left=$(query "$W/whole.db" "select count(*) from result where id % 3 = 0")
all=$(query "$W/whole.db" "select count(*) from result")
refuses() { cp "$W/part.db" "$W/copy.db"; rejects "$1" "$2" run "${@:3}" --db "$W/copy.db"; }
refuses "resume: an unknown run" "no run 'ffff'" $suite --check-only --resume ffff
refuses "resume: other options" "had other options: mlxbench run $suite" $suite --resume last
refuses "resume: other suites" "other suites, or they have changed" suites/flash_attn.yaml --check-only --resume last
rejects "resume: no database" "no-db" run $suite --resume last --no-db
rejects "resume: a database that is not there" "none.db" run $suite --resume last --db "$W/none.db"
sed 's/^about:/about: changed/' $suite > "$W/smoke.yaml"
refuses "resume: a suite that has changed" "other suites, or they have changed" "$W/smoke.yaml" --check-only --resume last
python3 -c "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"update run set binary_hash = '0123456789abcdef'\"); db.commit()" "$W/part.db"
refuses "resume: another build" "another build of mlxbench" $suite --check-only --resume last
query "$W/whole.db" "select binary_hash from run" > "$W/hash"
python3 -c "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('update run set binary_hash = ?', (sys.argv[2],)); db.commit()" "$W/part.db" "$(cat "$W/hash")"
cp "$W/part.db" "$W/copy.db"
cp "$W/part.db" "$W/part2.db"
run 0 run $suite --check-only --db "$W/part.db" --resume "${uuid:0:6}" --format json
[ "$(grep -c '"status"' "$W/out")" -eq "$left" ] && grep -q "\"resumed\":$((all - left))," "$W/out"
result "resume: only the missing cases are run"
[ "$(rows "$W/part.db")" = "$(rows "$W/whole.db")" ] && [ "$(query "$W/part.db" "select uuid, state from run")" = "$uuid complete" ]
result "resume: the run is complete, with the results of an undisturbed one"
run 0 run --resume last --db "$W/copy.db" && [ "$(rows "$W/copy.db")" = "$(rows "$W/whole.db")" ]
result "resume: without suites, they are those of the run"
rejects "resume: a complete run" "is complete" run --resume last --db "$W/copy.db"
rejects "resume: other options without suites" "takes all options from the stored run, also --timeout" run --resume last --timeout 1
python3 -c "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"update result set status = 'FAIL' where id = 1\"); db.commit()" "$W/part2.db"
run 2 run --resume last --db "$W/part2.db" --format json && grep -q '"FAIL":1,' "$W/out" && ! grep -q '"status":"FAIL"' "$W/out"
result "resume: a failure before the interruption counts in the exit code"

# Two at once.
"$MLXBENCH" run $suite --check-only --db "$W/two.db" > "$W/out1" 2> "$W/err1" &
run 0 run $suite --check-only --db "$W/two.db"
one=$?
wait $!
[ $? -eq 0 ] && [ $one -eq 0 ] && sound "$W/two.db" && [ "$(query "$W/two.db" "select state, count(*) from run group by state")" = "complete 2" ] &&
    [ "$(query "$W/two.db" "select count(*) from result group by run_id" | sort -u)" = "$all" ]
result "two programs on one database both complete"

# A full disk, by a limit on the size of files; then room again.
run 0 run '{op: rms_norm, entries: [rms_norm_f32], sweep: {rows: [1, 2, 3]}, backends: [cpu], bench: false}' --db "$W/full.db"
before=$(rows "$W/full.db")
(ulimit -f $((($(stat -c %s "$W/full.db") + 40000) / 1024)) && run 5 run $suite --check-only --db "$W/full.db")
ok=$?
[ $ok -eq 0 ] && [ "$(wc -l < "$W/err")" -eq 1 ] && grep -qE "^mlxbench: database '$W/full.db': .*(size of files|no space left)" "$W/err"
result "a full disk: exit code 5 and one line"
first=$(query "$W/full.db" "select uuid from run order by id limit 1")
sound "$W/full.db" && [ "$(rows "$W/full.db" "$first")" = "$before" ]; result "a full disk: earlier rows are intact"
printed=$(grep -cE '^  (PASS|SKIP)' "$W/out")
[ "$(query "$W/full.db" "select count(*) from result where run_id = 2")" -eq "$printed" ]
result "a full disk: what was printed is stored"
run 0 run --resume last --db "$W/full.db" && [ "$(query "$W/full.db" "select state from run where id = 2")" = complete ]
result "a full disk: with room again, --resume completes the run"

# A read-only file system.
mkdir "$W/ro"
if [ "$(id -u)" -eq 0 ] && unshare -m true 2> /dev/null; then
    cp "$W/full.db" "$W/ro/x.db"
    unshare -m bash -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" run "$3" --check-only --db "$1/x.db"' \
        - "$W/ro" "$MLXBENCH" $suite > "$W/out" 2> "$W/err"
    [ $? -eq 3 ] && [ "$(wc -l < "$W/err")" -eq 1 ] && grep -q 'read-only' "$W/err" && cmp -s "$W/full.db" "$W/ro/x.db"
    result "a read-only file system: one line, nothing changed"
else
    skip "a read-only file system" "no right to mount one"
fi
finish
