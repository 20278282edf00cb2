/* Tests of harness/npy.c: files byte by byte, against the format's description and against a file that NumPy wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/npy.h"

static char dir[] = "/tmp/test_npy_XXXXXX", path[64], err[MXB_ERRLEN];
static unsigned char file[1 << 17];

static size_t slurp(void)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t n = fread(file, 1, sizeof file, f);
    fclose(f);
    return n;
}

/* Checks magic, version and padding; returns the dictionary and where the data begin. */
static char *dictionary(size_t n, size_t *data)
{
    static char dict[1024];
    assert_true(n >= 64);
    assert_memory_equal(file, "\x93NUMPY\x01\x00", 8);
    const size_t len = file[8] + 256u * file[9];
    *data = 10 + len;
    assert_int_equal(*data % 64, 0);
    assert_true(*data <= n && len < sizeof dict);
    assert_int_equal(file[*data - 1], '\n');
    memcpy(dict, file + 10, len - 1);
    dict[len - 1] = '\0';
    for (char *end = dict + len - 2; *end == ' '; end--) *end = '\0';
    return dict;
}

/* Writes, reads back, compares dictionary and data. */
static void expect(enum mxb_dtype dt, const uint64_t *shape, uint32_t ndim, const void *data, const char *dict,
                   const void *bytes, size_t nbytes)
{
    size_t at;
    assert_int_equal(npy_write(path, dt, shape, ndim, data, err, sizeof err), 0);
    const size_t n = slurp();
    assert_string_equal(dictionary(n, &at), dict);
    assert_int_equal(n - at, nbytes);
    assert_memory_equal(file + at, bytes, nbytes);
}

static void dtypes(void **unused)
{
    (void)unused;
    const uint64_t s23[] = { 2, 3 }, s4[] = { 4 };
    const float f32[] = { 1, -2, 3.5f, 0, 1e-40f, 5 };
    expect(MXB_F32, s23, 2, f32, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", f32, sizeof f32);
    const uint16_t f16[] = { 0x3c00, 0xc000, 0x7e00, 0x0001 };
    expect(MXB_F16, s4, 1, f16, "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }", f16, sizeof f16);
    const uint16_t bf16[] = { 0x3f80, 0xc000, 0x7f80, 0x0001 };      /* 1, -2, inf, the smallest subnormal */
    const uint32_t wide[] = { 0x3f800000, 0xc0000000, 0x7f800000, 0x00010000 };
    expect(MXB_BF16, s4, 1, bf16, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", wide, sizeof wide);
    const int32_t i32[] = { INT32_MIN, -1, 0, INT32_MAX };
    expect(MXB_I32, s4, 1, i32, "{'descr': '<i4', 'fortran_order': False, 'shape': (4,), }", i32, sizeof i32);
    expect(MXB_U32, s4, 1, i32, "{'descr': '<u4', 'fortran_order': False, 'shape': (4,), }", i32, sizeof i32);
    const int8_t i8[] = { -128, -1, 0, 127 };
    expect(MXB_I8, s4, 1, i8, "{'descr': '|i1', 'fortran_order': False, 'shape': (4,), }", i8, sizeof i8);
    expect(MXB_U8, s4, 1, i8, "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", i8, sizeof i8);
    const uint8_t flags[] = { 0, 1, 255, 2 }, truth[] = { 0, 1, 1, 1 };
    expect(MXB_BOOL, s4, 1, flags, "{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }", truth, sizeof truth);
}

static void shapes(void **unused)
{
    (void)unused;
    const float one = 7;
    expect(MXB_F32, NULL, 0, &one, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", &one, 4);
    const uint64_t empty[] = { 3, 0, 5 };
    expect(MXB_F32, empty, 3, NULL, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0, 5), }", "", 0);
    uint64_t many[33];
    for (int i = 0; i < 33; i++) many[i] = 1;
    assert_int_equal(npy_write(path, MXB_F32, many, 32, &one, err, sizeof err), 0);
    assert_int_equal(npy_write(path, MXB_F32, many, 33, &one, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "33 dimensions"));
    const uint64_t huge[] = { UINT64_MAX, 2 };
    assert_int_equal(npy_write(path, MXB_F32, huge, 2, &one, err, sizeof err), MXB_EINVAL);
    /* Every length of dictionary around a multiple of 64 is padded to the next; at least one blank stays. */
    for (uint64_t n = 1, d = 1; d <= 5; d++, n *= 10) {
        for (uint32_t k = 1; k <= 20; k++) {
            uint64_t shape[20];
            size_t at;
            for (uint32_t i = 0; i < k; i++) shape[i] = i ? 1 : n;
            static float zeros[10000];
            assert_int_equal(npy_write(path, MXB_F32, shape, k, zeros, err, sizeof err), 0);
            const size_t size = slurp();
            dictionary(size, &at);
            assert_int_equal(size - at, 4 * n);
        }
    }
}

/* All 152 bytes of numpy.save("x.npy", numpy.arange(3, dtype="<f8") / 2), NumPy 2.4. */
static void doubles(void **unused)
{
    (void)unused;
    static const unsigned char elements[24] = { 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0,    0,
                                                0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f };
    static const char head[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
    unsigned char want[152];
    memset(want, ' ', sizeof want);
    memcpy(want, head, sizeof head - 1);
    want[127] = '\n';
    memcpy(want + 128, elements, sizeof elements);
    const double x[] = { 0, 0.5, 1 };
    const uint64_t shape[] = { 3 };
    assert_int_equal(npy_write_double(path, shape, 1, x, err, sizeof err), 0);
    assert_int_equal(slurp(), sizeof want);
    assert_memory_equal(file, want, sizeof want);
}

/* More elements than one chunk of the converting writers. */
static void long_arrays(void **unused)
{
    (void)unused;
    static uint16_t bf16[10001];
    static uint8_t flags[10001];
    const uint64_t shape[] = { 10001 };
    size_t at;
    for (uint32_t i = 0; i < 10001; i++) {
        bf16[i] = (uint16_t)(0x3f80 + i % 128);
        flags[i] = (uint8_t)(i % 3);
    }
    assert_int_equal(npy_write(path, MXB_BF16, shape, 1, bf16, err, sizeof err), 0);
    size_t n = slurp();
    dictionary(n, &at);
    assert_int_equal(n - at, 40004);
    for (uint32_t i = 0; i < 10001; i++) {
        uint32_t got;
        memcpy(&got, file + at + 4 * i, 4);
        assert_int_equal(got, (uint32_t)bf16[i] << 16);
    }
    assert_int_equal(npy_write(path, MXB_BOOL, shape, 1, flags, err, sizeof err), 0);
    n = slurp();
    dictionary(n, &at);
    assert_int_equal(n - at, 10001);
    for (uint32_t i = 0; i < 10001; i++) assert_int_equal(file[at + i], i % 3 != 0);
}

static int files_in_dir(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void failures(void **unused)
{
    (void)unused;
    const float one = 1;
    char bad[128];
    snprintf(bad, sizeof bad, "%s/no/x.npy", dir);
    assert_int_equal(npy_write(bad, MXB_F32, NULL, 0, &one, err, sizeof err), MXB_ENOENT);
    assert_non_null(strstr(err, "/no/x.npy'"));
    assert_non_null(strstr(err, "No such file"));

    snprintf(bad, sizeof bad, "%s/folder", dir);     /* rename onto a folder fails: no temporary file may stay */
    assert_int_equal(mkdir(bad, 0700), 0);
    const int before = files_in_dir();
    assert_int_equal(npy_write(bad, MXB_F32, NULL, 0, &one, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "/folder'"));
    assert_int_equal(files_in_dir(), before);
    rmdir(bad);

    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(npy_write(name, MXB_F32, NULL, 0, &one, err, sizeof err), MXB_EINVAL);
}

static int setup(void **unused)
{
    (void)unused;
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/x.npy", dir);
    return 0;
}
static int teardown(void **unused)
{
    (void)unused;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtypes),      cmocka_unit_test(shapes),   cmocka_unit_test(doubles),
        cmocka_unit_test(long_arrays), cmocka_unit_test(failures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
