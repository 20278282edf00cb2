/* Kernel sources: embedded, overlaid, flattened; and the overlaid C tree with its compiler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/compile.h"
#include "harness/source.h"
#include "harness/temp.h"

static char dir[64], err[MXB_ERRLEN];
static const char norm_cl[] = "kernels/norm/rms_norm/rms_norm.cl";

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test_source_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

/* Writes dir/path, making its folders. */
static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", dir, path);
    for (char *slash = strchr(full + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct overlay *overlay(void)
{
    struct overlay *o;
    if (overlay_read(dir, &o, err, sizeof err)) fail_msg("%s", err);
    return o;
}

static char *load(const struct overlay *from, const char *path, bool want_overlaid)
{
    char *text = NULL;
    bool overlaid = !want_overlaid;
    if (source_load(from, path, &text, &overlaid, err, sizeof err)) fail_msg("%s", err);
    assert_int_equal(overlaid, want_overlaid);
    return text;
}

static void test_overlay(void **state)
{
    (void)state;
    static const char *const place[] = { "kernels/norm/rms_norm/rms_norm.cl", "norm/rms_norm/rms_norm.cl", "rms_norm.cl" };
    char *text = load(NULL, norm_cl, false);
    assert_non_null(strstr(text, "__kernel"));
    free(text);
    for (size_t i = MXB_COUNT(place); i-- > 0; ) {       /* each place outweighs the later ones */
        char mark[32];
        snprintf(mark, sizeof mark, "// from %zu\n", i);
        put(place[i], mark);
        struct overlay *o = overlay();
        text = load(o, norm_cl, true);
        assert_string_equal(text, mark);
        free(text);
        text = load(o, "kernels/norm/rms_norm/rms_norm.comp", false);
        free(text);
        assert_int_equal(source_load(o, "kernels/norm/none.cl", &text, NULL, err, sizeof err), MXB_ENOENT);
        assert_non_null(strstr(err, "kernels/norm/none.cl"));
        overlay_free(o);
    }
}

/* What was read stays, whatever becomes of the files. */
static void test_snapshot(void **state)
{
    (void)state;
    char path[192];
    put("norm/rms_norm/rms_norm.cl", "#include \"mine.h\"\n");
    put("mine.h", "first\n");
    struct overlay *before = overlay();
    put("norm/rms_norm/rms_norm.cl", "second\n");
    snprintf(path, sizeof path, "%s/mine.h", dir);
    assert_int_equal(unlink(path), 0);
    char *text = NULL;
    if (source_flatten(before, norm_cl, &text, NULL, err, sizeof err)) fail_msg("%s", err);
    assert_non_null(strstr(text, "\nfirst\n"));
    free(text);
    struct overlay *after = overlay(), *again = overlay();
    text = load(after, norm_cl, true);
    assert_string_equal(text, "second\n");
    free(text);
    assert_true(overlay_hash(before) != overlay_hash(after) && overlay_hash(after) == overlay_hash(again));
    overlay_free(before);
    overlay_free(after);
    overlay_free(again);
}

/* No overlay; the text says why. */
static void refused(const char *folder, const char *why)
{
    struct overlay *o;
    assert_int_equal(overlay_read(folder, &o, err, sizeof err), MXB_EINVAL);
    assert_null(o);
    assert_non_null(strstr(err, why));
    assert_non_null(strstr(err, "--kernel-dir "));
}

static void test_check_dir(void **state)
{
    (void)state;
    char file[128];
    refused("/nonexistent", "No such file");
    refused(dir, "holds no kernel source");
    put("other.cl", "");
    refused(dir, "holds no kernel source");
    snprintf(file, sizeof file, "%s/other.cl", dir);
    refused(file, "not a directory");
    put("norm/rms_norm/rms_norm.comp", "x");
    overlay_free(overlay());
}

/* What stands in the place of a kernel but is none must not leave the built-in one to be tested in its stead. */
static void test_unreadable(void **state)
{
    (void)state;
    char path[192];
    put("norm/rms_norm/rms_norm.comp", "x");
    snprintf(path, sizeof path, "%s/norm/rms_norm/rms_norm.cl", dir);
    for (int kind = 0; kind < 5; kind++) {
        static const char *const why[] = { "not a regular file", "Is a directory", "No such file", "NUL byte", "larger than 16 MiB" };
        const int made = kind == 0   ? mkfifo(path, 0600)
                         : kind == 1 ? mkdir(path, 0700)
                         : kind == 2 ? symlink("nowhere", path)
                                     : (put("norm/rms_norm/rms_norm.cl", ""), truncate(path, kind == 3 ? 1 : (16 << 20) + 1));
        assert_int_equal(made, 0);
        refused(dir, why[kind]);
        assert_non_null(strstr(err, "/norm/rms_norm/rms_norm.cl: "));
        assert_int_equal(remove(path), 0);
    }
    put("norm/rms_norm/rms_norm.comp", "#include \"pipe.h\"\n");         /* also what it includes */
    snprintf(path, sizeof path, "%s/pipe.h", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(dir, "pipe.h: not a regular file");
}

/* Each file once, line numbers of messages those of the file that the user wrote. */
static void test_flatten(void **state)
{
    (void)state;
    char *text = NULL;
    bool overlaid = false;
    put("kernels/norm/rms_norm/rms_norm.cl", "one\n#include \"kernels/common/mxb.cl.h\"\n  #  include \"kernels/common/mxb.cl.h\"\nfour");
    put("kernels/common/mxb.cl.h", "inner\n");
    struct overlay *o = overlay();
    if (source_flatten(o, norm_cl, &text, &overlaid, err, sizeof err)) fail_msg("%s", err);
    assert_true(overlaid);
    assert_string_equal(text, "one\n#line 1 \"kernels/common/mxb.cl.h\"\ninner\n#line 3 \"kernels/norm/rms_norm/rms_norm.cl\"\nfour\n");
    free(text);
    overlay_free(o);
    put("kernels/norm/rms_norm/rms_norm.cl", "#include \"no/such.h\"\n");
    o = overlay();
    assert_int_equal(source_flatten(o, norm_cl, &text, &overlaid, err, sizeof err), MXB_ENOENT);
    assert_non_null(strstr(err, "no/such.h"));
    assert_null(text);
    overlay_free(o);
    put("kernels/common/mxb.cl.h", "#include \"kernels/common/mxb.cl.h\"\n");     /* itself: once is enough */
    put("kernels/norm/rms_norm/rms_norm.cl", "#include \"kernels/common/mxb.cl.h\"\n");
    o = overlay();
    assert_int_equal(source_flatten(o, norm_cl, &text, &overlaid, err, sizeof err), 0);
    free(text);
    overlay_free(o);
}

static void test_c_tree(void **state)
{
    (void)state;
    char tree[128];
    void *handle = NULL;
    put("norm/rms_norm/rms_norm_cpu.c", "#include \"rms_norm.h\"\nint answer(void) { return (int)sizeof(struct rms_norm_params); }\n");
    struct overlay *o = overlay();
    if (tree_make(o, tree, sizeof tree, err, sizeof err)) fail_msg("%s", err);
    overlay_free(o);
    assert_int_equal(chdir("/"), 0);                     /* needs nothing of the source folder */
    const int rc = compile_c(tree, "kernels/norm/rms_norm/rms_norm_cpu.c", &handle, err, sizeof err);
    if (rc == MXB_EUNSUP) {
        tree_remove(tree);
        skip();
    }
    if (rc) fail_msg("%s", err);
    void *symbol = dlsym(handle, "answer");
    assert_non_null(symbol);
    int (*answer)(void);
    memcpy(&answer, &symbol, sizeof symbol);
    assert_int_equal(answer(), 12);
    dlclose(handle);
    tree_remove(tree);
    assert_int_equal(access(tree, F_OK), -1);

    put("norm/rms_norm/rms_norm_cpu.c", "int broken(void) { return 1 }\n");
    o = overlay();
    assert_int_equal(tree_make(o, tree, sizeof tree, err, sizeof err), 0);
    overlay_free(o);
    char log[8192];
    assert_int_equal(compile_c(tree, "kernels/norm/rms_norm/rms_norm_cpu.c", &handle, log, sizeof log), MXB_ECOMPILE);
    assert_non_null(strstr(log, "rms_norm_cpu.c:1:"));
    tree_remove(tree);
}

static void test_glsl(void **state)
{
    (void)state;
    static const char good[] = "#version 450\nlayout(local_size_x = 1) in;\nvoid main() { }\n";
    void *spirv = NULL;
    size_t n = 0;
    char log[8192] = "";
    const int rc = compile_glsl(good, "x.comp", "-DA=1", &spirv, &n, log, sizeof log);
    if (rc == MXB_EUNSUP) skip();
    if (rc) fail_msg("%s", log);
    assert_true(n % 4 == 0 && n > 20 && *(const uint32_t *)spirv == 0x07230203);
    free(spirv);
    assert_int_equal(compile_glsl("#version 450\nvoid main() { x = 1; }\n", "x.comp", "", &spirv, &n, log, sizeof log), MXB_ECOMPILE);
    assert_non_null(strstr(log, "'x' : undeclared identifier"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = { T(test_overlay), T(test_snapshot), T(test_check_dir), T(test_unreadable), T(test_flatten),
                                        T(test_c_tree), T(test_glsl) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
