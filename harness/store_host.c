/* Facts about this computer that decide whether two timings may be compared, and about processes on it.  Nothing here
 * fails: what cannot be read is "" or 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/store_internal.h"

#ifndef MXB_CFLAGS
#define MXB_CFLAGS ""
#endif
#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Trims blanks, line end and quotes on both sides, in place. */
static void trim(char *s)
{
    static const char junk[] = " \t\n\"";
    const size_t lead = strspn(s, junk);
    memmove(s, s + lead, strlen(s + lead) + 1);
    size_t n = strlen(s);
    while (n > 0 && strchr(junk, s[n - 1])) n--;
    s[n] = '\0';
}

/* What follows `key` and `sep` on the first line of the file that begins with key; key "": the whole first line. */
static void read_line(const char *path, const char *key, char sep, char *out, size_t n)
{
    char line[1024];
    const size_t len = strlen(key);
    *out = '\0';
    FILE *f = fopen(path, "re");
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, key, len) != 0) continue;
        char *value = len ? strchr(line + len, sep) : line;
        if (!value) continue;
        if (len) value++;
        trim(value);
        snprintf(out, n, "%.*s", (int)n - 1, value);
        break;
    }
    fclose(f);
}

int store_machine(sqlite3 *db, int64_t *machine_id, int64_t *env_id)
{
    char cpu[256], board[128], os[256], governor[64];
    struct utsname u;
    if (uname(&u)) memset(&u, 0, sizeof u);
    read_line("/proc/cpuinfo", "model name", ':', cpu, sizeof cpu);
    if (!*cpu) snprintf(cpu, sizeof cpu, "%s", u.machine);
    read_line("/sys/class/dmi/id/board_name", "", 0, board, sizeof board);
    read_line("/etc/os-release", "PRETTY_NAME", '=', os, sizeof os);
    if (!*os) snprintf(os, sizeof os, "%s", u.sysname);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", 0, governor, sizeof governor);
    const int64_t gib = 1 << 30, ram = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE);

    /* A row that is there is "updated" to itself, because only then does RETURNING give its id. */
    struct binder m = { 0 }, e = { 0 };
    m.rc = sqlite3_prepare_v2(db, "INSERT INTO machine(hostname, cpu, ncpu, ram_gib, board) VALUES(?, ?, ?, ?, ?)"
                              " ON CONFLICT DO UPDATE SET cpu = cpu RETURNING id", -1, &m.stmt, NULL);
    bind_text(&m, u.nodename);
    bind_text(&m, cpu);
    bind_int(&m, sysconf(_SC_NPROCESSORS_ONLN));
    bind_int(&m, (ram + gib - 1) / gib);             /* up: the kernel keeps a part that differs between its versions */
    bind_text(&m, board);
    int rc = bind_run(&m, machine_id);
    sqlite3_finalize(m.stmt);
    if (rc) return rc;

    e.rc = sqlite3_prepare_v2(db, "INSERT INTO env(os, kernel, governor, compiler, cflags) VALUES(?, ?, ?, ?, ?)"
                              " ON CONFLICT DO UPDATE SET os = os RETURNING id", -1, &e.stmt, NULL);
    bind_text(&e, os);
    bind_text(&e, u.release);
    bind_text(&e, governor);
    bind_text(&e, COMPILER);
    bind_text(&e, MXB_CFLAGS);
    rc = bind_run(&e, env_id);
    sqlite3_finalize(e.stmt);
    return rc;
}

void store_boot_id(char out[64])
{
    read_line("/proc/sys/kernel/random/boot_id", "", 0, out, 64);
}

/* Field 22 of /proc/<pid>/stat; the name in field 2 may hold blanks and brackets.  A zombie has ended. */
int64_t store_process_start(int64_t pid)
{
    char path[64], text[1024];
    long long start = 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *p = strrchr(text, ')');
    if (p && p[1] == ' ' && (p[2] == 'Z' || p[2] == 'X')) return 0;
    for (int field = 3; p && field <= 22; field++) p = strchr(p + 1, ' ');
    if (p) start = strtoll(p, NULL, 10);
    return start;
}
