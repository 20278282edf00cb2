/* Tests how the OpenCL backend builds kernels and keeps them on disk, on the first OpenCL device of the machine. */
#include "opencl_fixture.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs compile() that has to fail; what it prints on stderr is kept in a file that has to stay empty. */
static void refuse(struct mxb_dev *d, struct mxb_shader sh, int want, const char *part)
{
    struct mxb_pipe *p = NULL;
    FILE *noise = tmpfile();
    int keep = dup(STDERR_FILENO);
    assert_true(noise && keep >= 0);
    dup2(fileno(noise), STDERR_FILENO);
    int rc = be->compile(d, &sh, &p);
    dup2(keep, STDERR_FILENO);
    close(keep);
    long bytes = lseek(fileno(noise), 0, SEEK_END);
    fclose(noise);
    assert_int_equal(rc, want);
    assert_null(p);
    assert_int_equal(bytes, 0);
    if (!strstr(d->err, part))
        fail_msg("\"%s\" is not in: %s", part, d->err);
}

static void test_bad_kernels(void **state)
{
    struct mxb_dev *d = dev(state);
    static const char wrong[] = "__kernel void affine(__global float *x)\n{ x[0] = no_such_name; }\n";
    struct mxb_shader sh = shader("affine", 1, 0, 1);
    sh.code = wrong;
    sh.code_bytes = sizeof wrong - 1;
    refuse(d, sh, MXB_ECOMPILE, "no_such_name");
    assert_int_equal(strncmp(d->err, "kernel affine (label): clBuildProgram: ", 39), 0);
    assert_true(strchr(d->err, '\n') < strstr(d->err, "no_such_name"));

    refuse(d, shader("absent", 1, 0, 1), MXB_ECOMPILE, "kernel absent (label): the program has no kernel of this name");
    refuse(d, shader("affine", 2, 0, WG), MXB_ECOMPILE, "has 3 arguments, its launch 2: 2 bindings");
    refuse(d, shader("affine", 3, 12, WG), MXB_ECOMPILE, "has 3 arguments, its launch 4: 3 bindings and the parameter");
    refuse(d, shader("affine", 2, 12, 2 * WG), MXB_ECOMPILE, "work-groups of 8x1x1, launched with 16x1x1");
    refuse(d, shader("increment", 1, 0, 0), MXB_EINVAL, "a work-group of 0");

    char part[64];
    sh = shader("increment", 1, 0, d->caps.max_wg);
    sh.local[1] = 2;
    snprintf(part, sizeof part, "work-group of %u, ", 2 * d->caps.max_wg);
    refuse(d, sh, MXB_EUNSUP, part);
    sh = shader("increment", 1, 0, d->caps.max_wg_dim[0] + 1);
    refuse(d, sh, MXB_EUNSUP, "in dimension 0, the device allows");
}

/* In place of the driver's, because some drivers report 0 bytes for every kernel. */
static cl_int CL_API_CALL much_local(cl_kernel k, cl_device_id id, cl_kernel_work_group_info what, size_t len,
                                     void *out, size_t *got)
{
    (void)k, (void)id, (void)got;
    memset(out, 0, len);
    if (what == CL_KERNEL_WORK_GROUP_SIZE)
        *(size_t *)out = 4;
    if (what == CL_KERNEL_LOCAL_MEM_SIZE)
        *(cl_ulong *)out = 1ull << 40;
    return CL_SUCCESS;
}

static void test_local_memory(void **state)
{
    struct mxb_dev *d = dev(state);
    struct ocl_dev *own = (struct ocl_dev *)d;
    const struct ocl_api saved = own->cl;
    own->cl.clGetKernelWorkGroupInfo = much_local;
    refuse(d, shader("increment", 1, 0, 4), MXB_EUNSUP,
           "kernel increment needs 1099511627776 bytes of local memory, the device has ");
    refuse(d, shader("increment", 1, 0, 5), MXB_EUNSUP, "work-group of 5, kernel increment allows 4 on this device");
    own->cl = saved;
}

/* Value that the kernel `report` of this text writes: constants, the language standard and one number of the text. */
static const char report[] =
    "__kernel void report(__global int *y) { y[0] = LIFT; y[1] = NO; y[2] = YES; y[3] = __OPENCL_C_VERSION__; }\n"
    "__kernel void other(__global int *y) { y[0] = -1; }\n";

static struct mxb_shader report_shader(const char *entry, const char *defines, const struct mxb_spec values[3])
{
    struct mxb_shader sh = shader(entry, 1, 0, 1);
    sh.code = report;
    sh.code_bytes = sizeof report - 1;
    sh.defines = defines;
    sh.spec = values;
    sh.nspec = 3;
    return sh;
}

static void run_report(struct mxb_dev *d, struct mxb_shader sh, int32_t y[4])
{
    struct mxb_pipe *p = compile(d, sh);
    struct mxb_buf *b = buffer(d, 16, NULL);
    struct mxb_step s = dispatch(p, 1, NULL);
    bind(&s, b, 0, 16);
    run(d, &s, 1, 1);
    download(d, b, 0, y, 16);
    be->release(d, b);
    be->destroy(d, p);
}

static const struct mxb_spec three[3] = { { "LIFT", 0, 'i', -2147483647 }, { "NO", 1, 'b', 0 }, { "YES", 2, 'b', -3 } };
static const struct mxb_spec four[3] = { { "LIFT", 0, 'i', 4 }, { "NO", 1, 'b', 0 }, { "YES", 2, 'b', 1 } };

static void test_options(void **state)
{
    struct mxb_dev *d = dev(state);
    int32_t y[4];
    run_report(d, report_shader("report", NULL, three), y);
    assert_int_equal(y[0], -2147483647);
    assert_int_equal(y[1], 0);
    assert_int_equal(y[2], 1);
    assert_int_equal(y[3], 120);
    run_report(d, report_shader("report", "-cl-std=CL1.1", four), y);
    assert_int_equal(y[0], 4);
    assert_int_equal(y[3], 110);

    char *longer = malloc(5001);
    assert_non_null(longer);
    memset(longer, ' ', 5000);
    longer[5000] = '\0';
    refuse(d, report_shader("report", longer, four), MXB_EINVAL, "build options longer than");
    free(longer);
}

static void test_sharing(void **state)
{
    struct mxb_dev *d = dev(state);
    const struct ocl_dev *own = (const struct ocl_dev *)d;
    struct mxb_pipe *a = compile(d, report_shader("report", "-DSHARED", four));
    const uint32_t built = own->built;
    struct mxb_pipe *b = compile(d, report_shader("other", "-DSHARED", four));
    be->destroy(d, a);
    struct mxb_pipe *c = compile(d, report_shader("report", "-DSHARED", four));
    assert_int_equal(own->built, built);
    be->destroy(d, b);
    be->destroy(d, c);
}

/* A folder of its own for each test of the disk cache; the tests leave it as they like. */
static char folder[64], file[PATH_MAX];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_opencl_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

/* Number of programs in the folder; `file` is the path of one.  Anything else in there fails the test. */
static int count_files(void)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int n = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        int end = 0;
        sscanf(e->d_name, "opencl-%*16[0-9a-f].bin%n", &end);
        if (end != 27 || e->d_name[end])
            fail_msg("%s is left in the cache", e->d_name);
        snprintf(file, sizeof file, "%s/%.32s", folder, e->d_name);
        n++;
    }
    closedir(dir);
    return n;
}

static int remove_folder(void **state)
{
    (void)state;
    while (count_files() > 0)
        unlink(file);
    return rmdir(folder);
}

/* What a worker does: opens the device, runs the kernel with these constants, closes. */
static void work(const char *cache_dir, const struct mxb_spec values[3], uint32_t built, uint32_t loaded)
{
    char err[MXB_ERRLEN];
    struct mxb_dev *d = NULL;
    int32_t y[4] = { 0 };
    if (be->open(0, &(struct mxb_open_opts){ .cache_dir = cache_dir }, &d, err, sizeof err) < 0)
        fail_msg("%s", err);
    run_report(d, report_shader("report", NULL, values), y);
    assert_int_equal(y[0], values[0].value);
    assert_int_equal(((struct ocl_dev *)d)->built, built);
    assert_int_equal(((struct ocl_dev *)d)->loaded, loaded);
    be->close(d);
}

static void test_disk(void **state)
{
    (void)state;
    struct stat before, after;
    work(folder, three, 1, 0);
    assert_int_equal(count_files(), 1);
    assert_int_equal(stat(file, &before), 0);
    assert_true(before.st_size > 100);
    work(folder, three, 0, 1);
    assert_int_equal(count_files(), 1);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);   /* what did not change is not written again */
    work(folder, four, 1, 0);                        /* other options, other program */
    assert_int_equal(count_files(), 2);
    work(folder, three, 0, 1);
    work(folder, four, 0, 1);
}

static void overwrite(long at, const char *bytes, size_t n)
{
    FILE *f = fopen(file, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void test_damage(void **state)
{
    (void)state;
    work(folder, four, 1, 0);
    assert_int_equal(count_files(), 1);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    for (int damage = 0; damage < 8; damage++) {
        switch (damage) {
        case 0: assert_int_equal(truncate(file, 0), 0); break;
        case 1: assert_int_equal(truncate(file, 10), 0); break;
        case 2: assert_int_equal(truncate(file, st.st_size / 2), 0); break;
        case 3: assert_int_equal(truncate(file, st.st_size + 1), 0); break;
        case 4: overwrite(0, "other", 5); break;
        case 5: overwrite(8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8); break;      /* key */
        case 6: overwrite(16, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8); break;     /* length */
        case 7: overwrite(-40, "damaged", 7); break;
        }
        work(folder, four, 1, 0);
        assert_int_equal(count_files(), 1);
        work(folder, four, 0, 1);
    }
}

/* A sound file whose content the driver does not take. */
static void test_refused_binary(void **state)
{
    (void)state;
    unsigned long long key = 0;
    work(folder, four, 1, 0);
    assert_int_equal(count_files(), 1);
    assert_int_equal(sscanf(strrchr(file, '/'), "/opencl-%16llx.bin", &key), 1);
    static const char other[] = "the binary of another driver, long enough for a header that it may look for";
    ocl_cache_write(folder, key, other, sizeof other, 0);
    size_t bytes = 0;
    uint64_t hash = 0;
    void *back = ocl_cache_read(folder, key, &bytes, &hash);
    assert_non_null(back);
    assert_int_equal(bytes, sizeof other);
    assert_memory_equal(back, other, sizeof other);
    free(back);
    work(folder, four, 1, 0);
    work(folder, four, 0, 1);
}

static void test_no_folder(void **state)
{
    (void)state;
    work("/nonexistent/folder", four, 1, 0);
    work(NULL, four, 1, 0);
}

int main(void)
{
#define TDISK(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_kernels),
        cmocka_unit_test(test_local_memory),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_no_folder),
        TDISK(test_disk),
        TDISK(test_damage),
        TDISK(test_refused_binary),
    };
    return have_device() ? cmocka_run_group_tests(tests, setup, teardown) : 0;
}
