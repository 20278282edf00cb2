/* Decides, without touching it, whether a path can be a results database that we may write. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/store_internal.h"
#include "harness/store_schema.h"

enum { HEADER = 100, AT_USER_VERSION = 60, AT_APPLICATION_ID = 68 };   /* sqlite.org/fileformat2.html, section 1.3 */

/* Folder of the path, or "." */
static void folder_of(const char *path, char *out, size_t n)
{
    const char *slash = strrchr(path, '/');
    if (!slash) snprintf(out, n, ".");
    else if (slash == path) snprintf(out, n, "/");
    else snprintf(out, n, "%.*s", (int)(slash - path), path);
}

/* Root may write everything, so the mode bits are asked too: somebody took them away on purpose. */
static bool may_write(const char *path, mode_t mode)
{
    return (mode & 0222) && access(path, W_OK) == 0;
}

static int check_folder(const char *path, char *err, size_t errlen)
{
    char folder[4096];
    struct stat st;
    folder_of(path, folder, sizeof folder);
    if (strcmp(path, STORE_DEFAULT_PATH) == 0) mkdir(folder, 0777);   /* whether it is there now, stat() tells */
    if (stat(folder, &st)) {
        snprintf(err, errlen, "database '%s': folder '%s': %s", path, folder, strerror(errno));
        return MXB_ENOENT;
    }
    if (!S_ISDIR(st.st_mode)) {
        snprintf(err, errlen, "database '%s': '%s' is not a folder", path, folder);
        return MXB_EINVAL;
    }
    if (!may_write(folder, st.st_mode)) {
        snprintf(err, errlen, "database '%s': folder '%s' is read-only", path, folder);
        return MXB_EINVAL;
    }
    return 0;
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int store_too_new(const char *path, int64_t version, char *err, size_t errlen)
{
    snprintf(err, errlen, "database '%s' has schema version %lld, this mlxbench knows versions up to %d:"
             " use a newer one", path, (long long)version, schema_version);
    return MXB_EINVAL;
}

static int check_header(const char *path, char *err, size_t errlen)
{
    unsigned char h[HEADER] = { 0 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, h, sizeof h);
    const int cause = errno;
    if (fd >= 0) close(fd);
    if (n < 0) {
        snprintf(err, errlen, "database '%s': cannot read: %s", path, strerror(cause));
        return MXB_EDB;
    }
    if (n < HEADER || memcmp(h, "SQLite format 3", 16) != 0) {
        snprintf(err, errlen, "'%s' is not a database", path);
        return MXB_EINVAL;
    }
    if (big_endian(h + AT_APPLICATION_ID) != STORE_APPLICATION_ID) {
        snprintf(err, errlen, "database '%s' belongs to another application", path);
        return MXB_EINVAL;
    }
    const uint32_t version = big_endian(h + AT_USER_VERSION);
    return version > (uint32_t)schema_version ? store_too_new(path, version, err, errlen) : 0;
}

int store_check_file(const char *path, bool create, bool *fresh, char *err, size_t errlen)
{
    struct stat st;
    *fresh = true;
    if (!*path) {
        snprintf(err, errlen, "database path is empty");
        return MXB_EINVAL;
    }
    if (strlen(path) >= 4000) {
        snprintf(err, errlen, "database path is longer than 4000 bytes");
        return MXB_EINVAL;
    }
    if (stat(path, &st)) {
        if (errno == ENOENT && create) return check_folder(path, err, errlen);
        snprintf(err, errlen, "database '%s': %s", path, strerror(errno));
        return errno == ENOENT ? MXB_ENOENT : MXB_EINVAL;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(err, errlen, "database '%s' is %s", path, S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
        return MXB_EINVAL;
    }
    *fresh = st.st_size == 0;
    if (*fresh && !create) {
        snprintf(err, errlen, "database '%s' is empty", path);
        return MXB_EINVAL;
    }
    const int rc = *fresh ? 0 : check_header(path, err, errlen);
    if (rc) return rc;
    if (!may_write(path, st.st_mode)) {
        snprintf(err, errlen, "database '%s' is read-only", path);
        return MXB_EINVAL;
    }
    return check_folder(path, err, errlen);
}
