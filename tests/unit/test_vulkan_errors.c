/* The Vulkan backend where something is wrong: no loader or driver, bad arguments, bad SPIR-V, a foreign or broken disk
 * cache, and what the validation layer has to say. */
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/unit/vulkan_common.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define LEAKS_ARE_CHECKED 1
#else
#define LEAKS_ARE_CHECKED 0
#endif

/* ---- nothing there ---- */

/* Runs this program again as `test_vulkan_errors --count` with one variable changed; returns its output. */
static void count_elsewhere(const char *variable, const char *value, char *out, size_t n)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fd[1], STDOUT_FILENO);
        unsetenv("VK_DRIVER_FILES");   /* would win over VK_ICD_FILENAMES */
        setenv(variable, value, 1);
        execl("/proc/self/exe", "test_vulkan_errors", "--count", (char *)NULL);
        _exit(127);
    }
    close(fd[1]);
    size_t used = 0;
    for (ssize_t got; used + 1 < n && (got = read(fd[0], out + used, n - 1 - used)) > 0; used += (size_t)got) { }
    out[used] = '\0';
    close(fd[0]);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void test_no_loader_no_driver(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_vulkan.XXXXXX", fake[64], libs[4096], out[256], why[256] = "";
    const char *old = getenv("LD_LIBRARY_PATH");
    assert_non_null(mkdtemp(dir));
    snprintf(libs, sizeof libs, "%s:%s", dir, old ? old : "");
    snprintf(fake, sizeof fake, "%s/libvulkan.so.1", dir);
    fclose(fopen(fake, "w"));   /* found first, and no library */
    count_elsewhere("LD_LIBRARY_PATH", libs, out, sizeof out);
    unlink(fake);
    rmdir(dir);
    assert_string_equal(out, "0 libvulkan.so.1 not found\n");
    if (be->count(why, sizeof why) == 0 && strstr(why, "libvulkan")) {
        skip();
    }
    count_elsewhere("VK_ICD_FILENAMES", "/nonexistent.json", out, sizeof out);
    assert_string_equal(out, "0 no Vulkan driver (VK_ERROR_INCOMPATIBLE_DRIVER)\n");
}

/* ---- refusals ---- */

static void test_run_refuses(void **state)
{
    (void)state;
    need_shaders();
    struct mxb_dev *dev = open_plain();
    const struct affine_push push = { N, 1, 0 };
    int32_t x[N] = { 0 };
    struct mxb_pipe *pipe = compile(dev, "affine", sizeof push);
    struct mxb_buf *b = make_buf(dev, x, sizeof x), *y = make_buf(dev, x, sizeof x);
    const struct mxb_step good = affine_step(pipe, b, y, &push);
    const struct mxb_step fill = { .kind = MXB_FILL, .nbind = 1, .bind = { { b, 4, 8 } } };
    struct mxb_step bad[12];
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        bad[i] = i < 9 ? good : fill;
    }
    bad[0].groups[1] = 0;
    bad[1].nbind = 1;
    bad[2].push = NULL;
    bad[3].pipe = NULL;
    bad[4].bind[1].buf = NULL;
    bad[5].bind[1].len += 1;
    bad[6].bind[0].off = 1;
    bad[7].bind[0].len = 0;
    bad[8].bind[0].off = UINT64_MAX - dev->caps.bind_align + 1;
    bad[9].bind[0].len = 6;
    bad[10].bind[0].off = 2;
    bad[11].bind[0].len = 4 * N;
    struct mxb_time t;
    for (size_t i = 0; i < MXB_COUNT(bad); i++) {
        const struct mxb_step two[] = { good, bad[i] };
        dev->err[0] = '\0';
        assert_int_equal(be->run(dev, two, 2, 1, &t), MXB_EINVAL);
        assert_non_null(strstr(dev->err, "step 1"));
    }
    if (dev->caps.max_groups[0] < UINT32_MAX) {
        struct mxb_step many = good;
        many.groups[0] = dev->caps.max_groups[0] + 1;
        assert_int_equal(be->run(dev, &many, 1, 1, &t), MXB_EUNSUP);
    }
    assert_int_equal(be->run(dev, &good, 0, 1, &t), MXB_EINVAL);
    assert_int_equal(be->run(dev, &good, 1, 0, &t), MXB_EINVAL);
    check(dev, be->run(dev, &good, 1, 1, &t));   /* none of it has done harm */
    be->release(dev, b);
    be->release(dev, y);
    be->destroy(dev, pipe);
    be->close(dev);
}

static void refuse(struct mxb_dev *dev, const void *code, size_t bytes, const char *text)
{
    struct mxb_pipe *pipe = NULL;
    const struct mxb_shader s = { .label = "rubbish|200:b1", .code = code, .code_bytes = bytes, .nbind = 2,
                                  .local = { 64, 1, 1 } };
    assert_int_equal(be->compile(dev, &s, &pipe), MXB_ECOMPILE);
    assert_null(pipe);
    assert_non_null(strstr(dev->err, "ShaderCompilationError"));
    assert_non_null(strstr(dev->err, "rubbish|200:b1"));
    assert_non_null(strstr(dev->err, text));
}

static void test_compile_refuses(void **state)
{
    (void)state;
    need_shaders();
    struct mxb_dev *dev = open_plain();
    struct mxb_pipe *pipe = NULL;
    size_t bytes;
    unsigned char *code = read_spirv("affine", &bytes), garbage[256];
    fill_pattern(garbage, sizeof garbage, 5);
    refuse(dev, garbage, sizeof garbage, "magic");
    refuse(dev, code, 0, "size");
    refuse(dev, code, 20, "size");                     /* a header and nothing else */
    refuse(dev, code, bytes - 1, "size");
    memcpy(garbage, code, 20);
    refuse(dev, garbage, sizeof garbage, "runs past the end");
    char *name = memmem(code, bytes, "main", 5);
    assert_non_null(name);
    name[0] = 'M';
    refuse(dev, code, bytes, "entry point");
    free(code);

    struct mxb_shader s = { .label = "limits", .code = garbage, .code_bytes = sizeof garbage, .local = { 1, 1, 1 } };
    s.local[0] = dev->caps.max_wg_dim[0] + 1;
    assert_int_equal(be->compile(dev, &s, &pipe), MXB_EUNSUP);
    s.local[0] = 1, s.push_bytes = 3;
    assert_int_equal(be->compile(dev, &s, &pipe), MXB_EINVAL);
    s.push_bytes = MXB_MAX_PUSH + 4;
    assert_int_equal(be->compile(dev, &s, &pipe), MXB_EINVAL);
    be->close(dev);
}

/* ---- disk cache ---- */

/* Path and status of the only file of a folder. */
static void only_file(const char *dir, char *path, size_t n, struct stat *st)
{
    int files = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.') {
            files++;
            snprintf(path, n, "%s/%s", dir, e->d_name);
        }
    }
    closedir(d);
    assert_int_equal(files, 1);
    assert_int_equal(stat(path, st), 0);
}

static void use_cache(const char *dir, uint32_t *vendor)
{
    struct mxb_dev *dev = open_device(&(struct mxb_open_opts){ .cache_dir = dir });
    struct mxb_pipe *pipe = compile(dev, "affine", sizeof(struct affine_push));
    *vendor = dev->caps.vendor_id;
    be->destroy(dev, pipe);
    be->close(dev);
}

static void read_header(const char *path, VkPipelineCacheHeaderVersionOne *h)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(h, sizeof *h, 1, f), 1);
    fclose(f);
}

static void test_disk_cache(void **state)
{
    (void)state;
    need_shaders();
    char dir[] = "/tmp/test_vulkan.XXXXXX", path[512];
    struct stat first, again;
    VkPipelineCacheHeaderVersionOne h;
    uint32_t vendor;
    assert_non_null(mkdtemp(dir));
    use_cache(dir, &vendor);
    only_file(dir, path, sizeof path, &first);
    assert_non_null(strstr(path, "/vulkan-"));
    read_header(path, &h);
    assert_int_equal(h.vendorID, vendor);

    use_cache(dir, &vendor);   /* nothing new: the file stays the same one */
    only_file(dir, path, sizeof path, &again);
    assert_int_equal(again.st_ino, first.st_ino);
    assert_int_equal(again.st_mtim.tv_nsec, first.st_mtim.tv_nsec);

    memset(h.pipelineCacheUUID, 0x5A, sizeof h.pipelineCacheUUID);   /* of another driver: not used, replaced */
    FILE *f = fopen(path, "wb");
    fwrite(&h, sizeof h, 1, f);
    fclose(f);
    use_cache(dir, &vendor);
    only_file(dir, path, sizeof path, &again);
    read_header(path, &h);
    assert_int_not_equal(h.pipelineCacheUUID[0] == 0x5A && h.pipelineCacheUUID[15] == 0x5A, true);

    f = fopen(path, "wb");   /* cut short */
    fwrite(&h, 7, 1, f);
    fclose(f);
    use_cache(dir, &vendor);
    only_file(dir, path, sizeof path, &again);
    assert_int_equal(again.st_size, first.st_size);
    unlink(path);

    rmdir(dir);                /* a folder that is gone costs the cache, nothing else */
    use_cache(dir, &vendor);
}

/* ---- validation layer ---- */

static void test_validation(void **state)
{
    (void)state;
    need_shaders();
    char why[256], err[1024] = "";
    struct mxb_dev *dev = NULL;
    struct mxb_pipe *pipe = NULL;
    if (be->count(why, sizeof why) == 0) {
        skip();
    }
    if (!LEAKS_ARE_CHECKED) {   /* finds missing barriers; the layer leaks in this mode */
        setenv("VK_LAYER_ENABLES", "VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT", 1);
    }
    setenv("MXB_VULKAN_STAGING", "1", 1);
    const int rc = be->open(0, &(struct mxb_open_opts){ .validate = true }, &dev, err, sizeof err);
    unsetenv("MXB_VULKAN_STAGING");
    if (rc == MXB_ENOENT) {
        print_message("%s\n", err);
        assert_non_null(strstr(err, "VK_LAYER_KHRONOS_validation"));
        skip();
    }
    if (rc != MXB_OK) {
        fail_msg("open: %s", err);
    }
    dependent_steps(dev, 3);   /* clean: uploads, compile, run, downloads */
    affine_case(dev, NULL, 0, 1, 0);
    narrow_case(dev);

    assert_int_equal(try_compile(dev, "affine", NULL, 0, 1, sizeof(struct affine_push), &pipe), MXB_ECOMPILE);
    assert_non_null(strstr(dev->err, "validation: "));
    assert_null(strchr(dev->err, '\n'));
    assert_null(pipe);
    affine_case(dev, NULL, 0, 1, 0);   /* the message does not stick */
    be->close(dev);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--count") == 0) {
        char why[256] = "";
        const int n = be->count(why, sizeof why);
        printf("%d %s\n", n, why);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_loader_no_driver),
        cmocka_unit_test(test_run_refuses),
        cmocka_unit_test(test_compile_refuses),
        cmocka_unit_test(test_disk_cache),
        cmocka_unit_test(test_validation),
    };
    return cmocka_run_group_tests_name("vulkan_errors", tests, NULL, NULL);
}
