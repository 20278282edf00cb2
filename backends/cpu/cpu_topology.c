/* What the machine allows this process: processors, caches, memory, and the limits that cgroups put on them. */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "backends/cpu/cpu_internal.h"

enum { LINE = 512, PATH_LEN = 1024 };

__attribute__((format(printf, 1, 0))) static FILE *open_path(const char *fmt, va_list ap)
{
    char path[PATH_LEN];
    const int n = vsnprintf(path, sizeof path, fmt, ap);
    return n > 0 && n < PATH_LEN ? fopen(path, "re") : NULL;
}

/* First line of a file without its newline; false if there is none. */
__attribute__((format(printf, 2, 3))) static bool read_line(char line[LINE], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    FILE *f = open_path(fmt, ap);
    va_end(ap);
    if (!f) return false;
    const bool ok = fgets(line, LINE, f) != NULL;
    fclose(f);
    if (ok) line[strcspn(line, "\n")] = '\0';
    return ok;
}

/* Calls each(line, ctx) for the lines of a file until it returns true. */
__attribute__((format(printf, 3, 4)))
static void each_line(bool (*each)(char *line, void *ctx), void *ctx, const char *fmt, ...)
{
    char line[LINE];
    va_list ap;
    va_start(ap, fmt);
    FILE *f = open_path(fmt, ap);
    va_end(ap);
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (each(line, ctx)) break;
    }
    fclose(f);
}

static bool find_model(char *line, void *ctx)
{
    const char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon) return false;
    snprintf(ctx, sizeof ((struct cpu_topology *)0)->name, "%.127s", colon + 1 + strspn(colon + 1, " \t"));
    return true;
}

static bool find_available(char *line, void *ctx)
{
    unsigned long long kib;
    if (sscanf(line, "MemAvailable: %llu kB", &kib) != 1) return false;
    *(uint64_t *)ctx = kib * 1024;
    return true;
}

/* ---- cgroups ---- */

struct limits { const char *root; double cpus; uint64_t mem; };

/* Limits set in one cgroup's folder; "max", -1 and a missing file mean none. */
static void folder_limits(const char *dir, struct limits *l)
{
    char line[LINE];
    double quota = 0, period = 0;
    unsigned long long bytes;
    if (read_line(line, "%s/cpu.max", dir)) sscanf(line, "%lf %lf", &quota, &period);      /* version 2 */
    if (read_line(line, "%s/cpu.cfs_quota_us", dir)) quota = atof(line);                   /* version 1 */
    if (read_line(line, "%s/cpu.cfs_period_us", dir)) period = atof(line);
    if (quota > 0 && period > 0 && quota / period < l->cpus) l->cpus = quota / period;
    if ((read_line(line, "%s/memory.max", dir) || read_line(line, "%s/memory.limit_in_bytes", dir)) &&
        sscanf(line, "%llu", &bytes) == 1 && bytes < l->mem) l->mem = bytes;
}

/* A line "7:cpu,cpuacct:/a/b" of /proc/self/cgroup (version 2: "0::/a/b"): looks into /a/b, /a and /.  In a container
 * the inner folders may not be visible, then the root's own limits are what is left. */
static bool cgroup_line(char *line, void *ctx)
{
    struct limits *l = ctx;
    char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL, dir[PATH_LEN];
    if (!path) return false;
    *path++ = '\0';
    const char *mount = "";
    for (char *save, *name = strtok_r(names + 1, ",", &save); name; name = strtok_r(NULL, ",", &save))
        if (strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0) mount = name;
    const bool v2 = names[1] == '\0';
    if (!v2 && !*mount) return false;
    const size_t top = (size_t)snprintf(dir, sizeof dir, "%s/sys/fs/cgroup/%s", l->root, mount);
    if (top >= sizeof dir || strlen(path) >= sizeof dir - top) return false;
    strcpy(dir + top, path);
    for (;;) {
        folder_limits(dir, l);
        char *slash = strrchr(dir + top, '/');
        if (!slash) return false;
        *slash = '\0';
    }
}

/* ---- caches ---- */

static uint64_t parse_size(const char *s)
{
    char *unit;
    const unsigned long long n = strtoull(s, &unit, 10);
    return *unit == 'K' ? n << 10 : *unit == 'M' ? n << 20 : n;
}

struct cache { int level; uint64_t bytes; size_t leader; };      /* leader: the first processor that shares it */

/* Cache number `index` of a processor; level 0 for an instruction cache. */
static bool cache_info(const char *root, size_t cpu, int index, struct cache *c)
{
    const char *const dir = "/sys/devices/system/cpu/cpu";
    char line[LINE];
    if (!read_line(line, "%s%s%zu/cache/index%d/level", root, dir, cpu, index)) return false;
    *c = (struct cache){ .level = atoi(line), .leader = cpu };
    if (read_line(line, "%s%s%zu/cache/index%d/type", root, dir, cpu, index) && strcmp(line, "Instruction") == 0)
        c->level = 0;
    if (read_line(line, "%s%s%zu/cache/index%d/size", root, dir, cpu, index)) c->bytes = parse_size(line);
    if (read_line(line, "%s%s%zu/cache/index%d/shared_cpu_list", root, dir, cpu, index)) c->leader = strtoul(line, NULL, 10);
    return true;
}

/* A machine may have several last-level caches; each counts once. */
static void read_caches(const char *root, const cpu_set_t *allowed, struct cpu_topology *t)
{
    cpu_set_t seen;
    CPU_ZERO(&seen);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        struct cache c, last = { 0 };
        if (!CPU_ISSET(cpu, allowed)) continue;
        for (int index = 0; cache_info(root, cpu, index, &c); index++) {
            if (c.level == 2 && t->l2_bytes == 0) t->l2_bytes = c.bytes;
            if (c.level > last.level) last = c;
        }
        if (last.level == 0 || last.leader >= CPU_SETSIZE || CPU_ISSET(last.leader, &seen)) continue;
        CPU_SET(last.leader, &seen);
        t->llc_bytes += last.bytes;
    }
}

static uint64_t config(int name)
{
    const long v = sysconf(name);
    return v > 0 ? (uint64_t)v : 0;
}

void cpu_topology_read(const char *root, struct cpu_topology *out)
{
    struct limits l = { root, 1e9, UINT64_MAX };
    cpu_set_t allowed;
    *out = (struct cpu_topology){ 0 };

    each_line(find_model, out->name, "%s/proc/cpuinfo", root);
    struct utsname host;
    if (!out->name[0] && uname(&host) == 0) snprintf(out->name, sizeof out->name, "%.64s processor", host.machine);

    each_line(cgroup_line, &l, "%s/proc/self/cgroup", root);
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        out->threads = (uint32_t)CPU_COUNT(&allowed);
        read_caches(root, &allowed, out);
    } else {
        out->threads = (uint32_t)config(_SC_NPROCESSORS_ONLN);             /* more processors than cpu_set_t holds */
    }
    while (out->threads > 1 && out->threads - 1 >= l.cpus) out->threads--;
    if (out->threads == 0) out->threads = 1;

    out->mem_bytes = config(_SC_AVPHYS_PAGES) * config(_SC_PAGESIZE);
    each_line(find_available, &out->mem_bytes, "%s/proc/meminfo", root);
    if (l.mem < out->mem_bytes) out->mem_bytes = l.mem;

#if defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
    if (out->l2_bytes == 0) out->l2_bytes = config(_SC_LEVEL2_CACHE_SIZE);
    if (out->llc_bytes == 0) out->llc_bytes = config(_SC_LEVEL3_CACHE_SIZE);
#endif
    if (out->llc_bytes == 0) out->llc_bytes = out->l2_bytes;
}
