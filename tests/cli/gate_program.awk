# Stands in for an mlxbench program in the tests of the gate: prints prepared rows, so that every verdict is certain.
# Usage: awk -f gate_program.awk -- PROGRAM run CASE... OPTION...
#
# PROGRAM.plan has a line for each entry that the program knows, "rms_norm_f32 ns=1000 sd=0.002 status=FAIL,PASS
# clock=device"; statuses are used in turn, one a process, the last for ever.  "*" begins a line of common values, among
# them deaf=1: --plant and steps are ignored, run=UUID: of the summary, say=WORD: printed instead of everything else,
# turns=0: --turns is refused, small=1: there is no memory for two programs at once, burst=B: the first 8 of 20 turns, and the median, are B times as long,
# markup=1: reasons are full of what means something in JSON, XML, TAP and CSV.  Times swing about ns by sd without chance: PROGRAM.count counts the processes.  PROGRAM.log keeps the command lines.
function value(entry, key, usual)
{
    if ((entry, key) in plan) return plan[entry, key]
    return ("*", key) in plan ? plan["*", key] : usual
}

function read_plan(file,    line, word, pair, n, i)
{
    while ((getline line < file) > 0) {
        n = split(line, word, " ")
        known[word[1]] = 1
        for (i = 2; i <= n; i++) {
            split(word[i], pair, "=")
            plan[word[1], pair[1]] = pair[2]
        }
    }
}

function print_case(text, seed,    entry, status, n, ns, swing, list)
{
    match(text, /entries: \[[a-z0-9_]+\]/)
    entry = substr(text, RSTART + 10, RLENGTH - 11)
    if (!(entry in known) && entry != "bench_spin_u32") {
        print "mlxbench: unknown entry '" entry "'" > "/dev/stderr"
        exit 3
    }
    n = split(value(entry, "status", "PASS"), list, ",")
    status = list[count < n ? count + 1 : n]
    if (turns && value(entry, "small", 0)) status = "ERROR"
    swing = value(entry, "sd", 0.002) * sin(2.4 * count + seed)
    ns = value(entry, "ns", 1000) * (1 + plant / 100) * exp(swing)
    if (match(text, /steps: [0-9]+/) && !value("*", "deaf", 0)) ns *= substr(text, RSTART + 7, RLENGTH - 7) / 16000
    printf "{\"status\":\"%s\",\"device_label\":%s,\"device\":\"d\",\"driver\":\"1\",\"impl\":\"i\",\"tile\":\"\",\"clock\":\"%s\",",
           status, status == "SKIP" ? "null" : "\"cpu:0\"", value(entry, "clock", "device")
    printf "\"reason\":\"%s\",\"repro\":\"r\",%s\"median_ns\":%s}\n", status == "PASS" ? "" : value("*", "markup", 0) ? "because <b a='1'> \\\"&amp;\\\", # TODO \\\\ | ]]>" : "because",
           turns ? turn_list(ns, value(entry, "burst", 1)) : "",
           timed && status == "PASS" ? sprintf("%.6f", ns * value(entry, "burst", 1)) : "null"
    if (status != "PASS" && status != "SKIP") code = 2
}

function turn_list(ns, burst,    i, text)
{
    for (i = 0; i < 20; i++) text = text (i ? "," : "") sprintf("%.6f", ns * (i < 8 ? burst : 1))
    return "\"turn_ns\":[" text "],"
}

BEGIN {
    me = ARGV[1]
    read_plan(me ".plan")
    count = 0
    getline count < (me ".count")
    print count + 1 > (me ".count")
    close(me ".count")
    plant = 0
    for (i = 2; i < ARGC; i++) {
        printf "%s ", ARGV[i] >> (me ".log")
        if (ARGV[i] == "--bench-only") timed = 1
        if (ARGV[i] == "--turns") turns = 1
        if (ARGV[i] == "--plant" && !value("*", "deaf", 0)) plant = ARGV[i + 1]
    }
    print "" >> (me ".log")
    if (turns && !value("*", "turns", 1)) {
        print "mlxbench: run: unknown option '--turns'" > "/dev/stderr"
        exit 3
    }
    if (("*", "say") in plan) {
        print plan["*", "say"]
        exit 0
    }
    code = 0
    for (i = 3; i < ARGC; i++)
        if (ARGV[i] ~ /^\{/) print_case(ARGV[i], i + length(me))
    printf "{\"summary\":{\"run\":\"%s\"}}\n", value("*", "run", "")
    exit code
}
