/* Runs the system's compilers on overlaid kernel sources (compile.h). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/compile.h"
#include "harness/source.h"
#include "harness/temp.h"

extern char **environ;

enum { MAX_ARGS = 48 };

/* Runs argv with all output caught in log (cut to fit).  0 = exit 0; MXB_EUNSUP = not found; MXB_ECOMPILE = failed. */
static int run_tool(char *const argv[], char *log, size_t loglen)
{
    int fd[2], status = 0;
    pid_t pid;
    size_t n = 0;
    posix_spawn_file_actions_t fa;
    if (pipe2(fd, O_CLOEXEC)) {
        snprintf(log, loglen, "pipe: %s", strerror(errno));
        return MXB_EDEVICE;
    }
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, fd[1], 1);
    posix_spawn_file_actions_adddup2(&fa, fd[1], 2);
    const int rc = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    close(fd[1]);
    if (rc) {
        close(fd[0]);
        snprintf(log, loglen, "cannot run %s: %s", argv[0], strerror(rc));
        return MXB_EUNSUP;
    }
    for (;;) {                       /* drain even what does not fit, so that the tool can end */
        char chunk[4096];
        const ssize_t got = read(fd[0], chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        const size_t keep = (size_t)got < loglen - 1 - n ? (size_t)got : loglen - 1 - n;
        memcpy(log + n, chunk, keep);
        n += keep;
    }
    log[n] = 0;
    close(fd[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : MXB_ECOMPILE;
}

/* Appends the blank-separated words of list to argv; words are cut in place. */
static int add_words(char **argv, int n, char *list)
{
    for (char *w = strtok(list, " "); w && n < MAX_ARGS - 8; w = strtok(NULL, " ")) argv[n++] = w;
    return n;
}

static int write_file(const char *path, const char *text, char *err, size_t errlen)
{
    FILE *f = fopen(path, "w");
    const int bad = !f || fputs(text, f) < 0;
    if ((f && fclose(f) != 0) || bad) {
        snprintf(err, errlen, "cannot write %s: %s", path, strerror(errno));
        return MXB_EDEVICE;
    }
    return 0;
}

static int read_file(const char *path, void **data, size_t *bytes)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) || !(*data = malloc((size_t)st.st_size + 1))) {
        if (f) fclose(f);
        return MXB_ENOMEM;
    }
    *bytes = fread(*data, 1, (size_t)st.st_size, f);
    fclose(f);
    return 0;
}

int compile_glsl(const char *text, const char *name, const char *defines, void **spirv, size_t *bytes, char *err, size_t errlen)
{
    char dir[512], in[600], out[600], defs[1024], log[6000];
    int rc = temp_folder(dir, sizeof(dir), err, errlen);
    if (rc) return rc;
    snprintf(in, sizeof(in), "%s/kernel.comp", dir);
    snprintf(out, sizeof(out), "%s/kernel.spv", dir);
    snprintf(defs, sizeof(defs), "%s", defines);
    char *argv[MAX_ARGS] = { (char *)"glslc", (char *)"--target-env=vulkan1.1", (char *)"-fshader-stage=compute" };
    int n = add_words(argv, 3, defs);
    argv[n++] = in;
    argv[n++] = (char *)"-o";
    argv[n++] = out;
    rc = write_file(in, text, err, errlen);
    if (rc == 0 && (rc = run_tool(argv, log, sizeof(log))) != 0)
        snprintf(err, errlen, "%s: glslc: %s", name, log);
    if (rc == 0 && (rc = read_file(out, spirv, bytes)) != 0) snprintf(err, errlen, "%s: out of memory", name);
    tree_remove(dir);
    return rc;
}

/* Flags of the instruction set that a source's name ends in, as the Makefile has them. */
static const char *isa_flags(const char *path)
{
    static const struct { const char *suffix, *flags; } isa[] = {
        { "_amx.c", MXB_AMX_FLAGS }, { "_avx512_bf16.c", MXB_AVX512_BF16_FLAGS }, { "_avx512_fp16.c", MXB_AVX512_FP16_FLAGS },
        { "_avx512.c", MXB_AVX512_FLAGS }, { "_avx2.c", MXB_AVX2_FLAGS },
    };
    for (size_t i = 0; i < MXB_COUNT(isa); i++) {
        const char *const at = strstr(path, isa[i].suffix);
        if (at && at[strlen(isa[i].suffix)] == 0) return isa[i].flags;
    }
    return "";
}

int compile_c(const char *tree, const char *path, void **handle, char *err, size_t errlen)
{
    char so[600], src[1024], inc[600], log[6000], isa[256];
    const char *cc = getenv("CC");
    snprintf(isa, sizeof(isa), "%s", isa_flags(path));
    snprintf(src, sizeof(src), "%s/%s", tree, path);
    snprintf(so, sizeof(so), "%s/kernel-%016llx.so", tree, (unsigned long long)source_hash(path));
    snprintf(inc, sizeof(inc), "-I%s", tree);
    char *argv[MAX_ARGS] = { (char *)(cc && *cc ? cc : "cc"), (char *)"-std=c11", (char *)"-D_GNU_SOURCE", (char *)"-O3",
                             (char *)"-ffp-contract=fast", (char *)"-fPIC", (char *)"-shared", inc };
    int n = add_words(argv, 8, isa);
    argv[n++] = src;
    argv[n++] = (char *)"-o";
    argv[n++] = so;
    argv[n++] = (char *)"-lm";
    int rc = run_tool(argv, log, sizeof(log));
    if (rc) {
        snprintf(err, errlen, "%s: %s: %s", path, argv[0], log);
        return rc;
    }
    *handle = dlopen(so, RTLD_NOW | RTLD_LOCAL);
    if (!*handle) {
        snprintf(err, errlen, "%s: %s", path, dlerror());
        return MXB_ECOMPILE;
    }
    return 0;
}

static int make_parents(char *path)
{
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        const int rc = mkdir(path, 0700);
        *p = '/';
        if (rc && errno != EEXIST) return -1;
    }
    return 0;
}

int tree_make(const struct overlay *over, char *tree, size_t treelen, char *err, size_t errlen)
{
    int rc = temp_folder(tree, treelen, err, errlen);
    for (size_t i = 0; i < embedded_count && rc == 0; i++) {
        char path[1024], *text = NULL;
        snprintf(path, sizeof(path), "%s/%s", tree, embedded_files[i].path);
        if (make_parents(path)) {
            snprintf(err, errlen, "cannot make the folder of %s: %s", path, strerror(errno));
            rc = MXB_EDEVICE;
            break;
        }
        rc = source_load(over, embedded_files[i].path, &text, NULL, err, errlen);
        if (rc == 0) rc = write_file(path, text, err, errlen);
        free(text);
    }
    return rc;
}
