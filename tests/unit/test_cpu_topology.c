/* Tests what the cpu backend finds out about the machine, from a made-up /proc and /sys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/cpu/cpu_internal.h"

static void put(const char *root, const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    fclose(f);
}

static void put_cache(const char *root, size_t cpu, int index, const char *level, const char *type, const char *size, size_t leader)
{
    const char *const name[] = { "level", "type", "size", "shared_cpu_list" };
    char path[128], list[32];
    snprintf(list, sizeof list, "%zu-%zu\n", leader, leader + 1);
    const char *const text[] = { level, type, size, list };
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%zu/cache/index%d/%s", cpu, index, name[i]);
        put(root, path, text[i]);
    }
}

static void remove_tree(const char *root)
{
    char command[256];
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void test_topology(void **state)
{
    (void)state;
    char root[] = "/tmp/test_cpu_XXXXXX";
    struct cpu_topology t;
    cpu_set_t mine;
    assert_non_null(mkdtemp(root));
    assert_int_equal(sched_getaffinity(0, sizeof mine, &mine), 0);
    const uint32_t allowed = (uint32_t)CPU_COUNT(&mine);

    cpu_topology_read(root, &t);                     /* nothing to read: still usable */
    assert_int_equal(t.threads, allowed);
    assert_true(strstr(t.name, "processor") && t.mem_bytes > 0);

    put(root, "/proc/cpuinfo", "processor\t: 0\nmodel name\t: Test CPU @ 1 GHz\nmodel name\t: Other\n");
    put(root, "/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n");
    put(root, "/proc/self/cgroup", "0::/a/b\n");
    put(root, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put(root, "/sys/fs/cgroup/a/b/memory.max", "max\n");
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mine)) continue;
        put_cache(root, cpu, 0, "1\n", "Data\n", "32K\n", cpu);
        put_cache(root, cpu, 1, "1\n", "Instruction\n", "32K\n", cpu);
        put_cache(root, cpu, 2, "2\n", "Unified\n", "1024K\n", cpu);
        put_cache(root, cpu, 3, "3\n", "Unified\n", "16M\n", 5);          /* one for all */
    }
    cpu_topology_read(root, &t);
    assert_string_equal(t.name, "Test CPU @ 1 GHz");
    assert_int_equal(t.threads, allowed);
    assert_int_equal(t.mem_bytes, 8000 * 1024);
    assert_int_equal(t.l2_bytes, 1 << 20);
    assert_int_equal(t.llc_bytes, 16 << 20);

    put(root, "/sys/fs/cgroup/a/cpu.max", "50000 100000\n");               /* a parent's limit counts */
    put(root, "/sys/fs/cgroup/a/memory.max", "4096000\n");
    put(root, "/sys/fs/cgroup/memory.max", "5096000\n");
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &mine)) put_cache(root, cpu, 3, "3\n", "Unified\n", "16M\n", cpu);      /* one each */
    cpu_topology_read(root, &t);
    assert_int_equal(t.threads, 1);
    assert_int_equal(t.mem_bytes, 4096000);
    assert_int_equal(t.llc_bytes, (uint64_t)allowed * (16 << 20));

    put(root, "/proc/self/cgroup", "3:cpuset:/\n2:cpu,cpuacct:/job\n1:memory:/gone\n");   /* version 1 */
    put(root, "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "110000\n");
    put(root, "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
    put(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put(root, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "5000000\n");
    cpu_topology_read(root, &t);
    assert_int_equal(t.threads, allowed < 2 ? allowed : 2);                /* 1.1 processors: two threads */
    assert_int_equal(t.mem_bytes, 5000000);
    remove_tree(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topology),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
