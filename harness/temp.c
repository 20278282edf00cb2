/* Temporary folders and their removal (temp.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/mxb_types.h"
#include "harness/temp.h"

#define OF_RUNS "mlxbench-run-"

enum { TRIES = 10 };                 /* to make a folder before another run takes it for abandoned */

static const char *parent_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp && *tmp ? tmp : "/tmp";
}

static int make_folder(const char *name, char *out, size_t n, char *err, size_t errlen)
{
    const char *in = parent_folder();
    if ((size_t)snprintf(out, n, "%s/%sXXXXXX", in, name) < n && mkdtemp(out)) return 0;
    snprintf(err, errlen, "cannot make a temporary folder in %s: %s", in, strerror(errno));
    *out = 0;
    return MXB_EDEVICE;
}

int temp_folder(char *out, size_t n, char *err, size_t errlen)
{
    return make_folder("mlxbench-", out, n, err, errlen);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st; (void)type; (void)ftw;
    remove(path);
    return 0;
}

void tree_remove(const char *tree)
{
    if (tree && *tree) nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static int open_folder(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

/* A folder that is new and not locked yet looks the same: its maker finds out, and makes another. */
static void remove_if_abandoned(const char *path)
{
    struct stat st;
    const int fd = open_folder(path);
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) tree_remove(path);
    close(fd);
}

static void remove_abandoned(void)
{
    const char *in = parent_folder();
    DIR *d = opendir(in);
    for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char path[512];
        if (strncmp(e->d_name, OF_RUNS, strlen(OF_RUNS)) != 0) continue;
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", in, e->d_name) < sizeof(path)) remove_if_abandoned(path);
    }
    if (d) closedir(d);
}

/* Locked by us, or on a system without such locks, and still there?  A removed folder has no links. */
static int hold(struct temp *t)
{
    struct stat st;
    t->lock = open_folder(t->path);
    if (t->lock < 0) return -1;
    if ((flock(t->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && fstat(t->lock, &st) == 0 && st.st_nlink > 0)
        return 0;
    close(t->lock);
    return -1;
}

int temp_begin(struct temp *t, char *err, size_t errlen)
{
    remove_abandoned();
    for (int i = 0; i < TRIES; i++) {
        const int rc = make_folder(OF_RUNS, t->path, sizeof(t->path), err, errlen);
        if (rc || hold(t) == 0) return rc;
    }
    snprintf(err, errlen, "temporary folders in %s are removed as soon as they are made", parent_folder());
    t->path[0] = 0;
    return MXB_EDEVICE;
}

void temp_end(struct temp *t)
{
    if (!*t->path) return;
    tree_remove(t->path);
    close(t->lock);
    t->path[0] = 0;
}
