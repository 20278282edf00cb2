/* Fuzzes the suite parser and the expansion of sweeps: any text gives a case list or one line of error. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "harness/suite.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

/* Numbers of many digits only make large sweeps, which take long. */
static int large_number(const unsigned char *data, size_t n)
{
    int digits = 0;
    for (size_t i = 0; i < n; i++) {
        digits = isdigit(data[i]) ? digits + 1 : 0;
        if (digits > 3) return 1;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    static int fd = -1;
    static char path[64];
    struct case_list list;
    char err[MXB_ERRLEN] = "";
    if (large_number(data, n)) return -1;
    if (fd < 0) {
        fd = memfd_create("suite", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, n, 0) != (ssize_t)n) abort();
    const char *const suite = path;
    const struct suite_opts opts = { .nop = 0 };
    const int rc = suites_load(&suite, 1, &opts, &list, err, sizeof err);
    if (rc) {
        assert(*err && !strchr(err, '\n') && list.nitem == 0);
        return 0;
    }
    for (uint32_t i = 0; i < list.nitem && i < 4; i++) {         /* what is accepted can be said and read again */
        char text[8192], again[8192], one[65536];
        struct case_list single;
        const char *const inline_case = one;
        case_text(&list, &list.item[i], text, sizeof text);
        if (case_inline(&list, &list.item[i], -1, one, sizeof one) >= (int)sizeof one) continue;
        if (suites_load(&inline_case, 1, &opts, &single, err, sizeof err)) {
            fprintf(stderr, "%s\n%s\n", one, err);
            abort();
        }
        assert(single.nitem == 1);
        case_text(&single, &single.item[0], again, sizeof again);
        assert(strcmp(text, again) == 0);
        suites_free(&single);
    }
    suites_free(&list);
    return 0;
}
