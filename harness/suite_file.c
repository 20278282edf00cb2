/* Reading of suite files and the rule that an include stays in the folder of the file that includes it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/file.h"
#include "harness/mxb_types.h"
#include "harness/suite_file.h"

enum { MAX_FILE_BYTES = 64 << 20 };

int suite_file_read(const char *path, struct suite_file *out, char *why, size_t whylen)
{
    struct stat st = { 0 };
    int fd, rc = file_open(path, &fd, why, whylen);
    *out = (struct suite_file){ .text = NULL };
    if (rc) return rc;
    if (fstat(fd, &st)) {
        snprintf(why, whylen, "its inode cannot be read");
        rc = MXB_EINVAL;
    }
    if (rc == 0) rc = file_read(fd, MAX_FILE_BYTES, &out->text, &out->len, why, whylen);
    out->dev = st.st_dev;
    out->ino = st.st_ino;
    close(fd);
    return rc;
}

/* "a/../b" stays, "../b" and "a/../../b" leave. */
static int leaves_folder(const char *name)
{
    int depth = 0;
    while (*name) {
        name += strspn(name, "/");
        const size_t len = strcspn(name, "/");
        if (len == 2 && strncmp(name, "..", 2) == 0) depth--;
        else if (len > 0 && !(len == 1 && *name == '.')) depth++;
        if (depth < 0) return 1;
        name += len;
    }
    return 0;
}

int suite_file_beside(const char *from, const char *name, char **out, char *why, size_t whylen)
{
    const char *slash = strrchr(from, '/');
    const size_t dir = slash ? (size_t)(slash - from) + 1 : 0;   /* with the slash */
    char *folder = NULL, *real_folder = NULL, *real = NULL;
    struct stat st;
    int rc = 0;
    *out = NULL;
    if (*name == '/' || leaves_folder(name)) {
        snprintf(why, whylen, *name == '/' ? "the path is absolute" : "the path leaves the folder of this file");
        return MXB_EINVAL;
    }
    *out = malloc(dir + strlen(name) + 1);
    folder = dir ? strndup(from, dir) : strdup(".");
    if (!*out || !folder) {
        rc = MXB_ENOMEM;                             /* its caller has the text */
        goto out;
    }
    memcpy(*out, from, dir);
    strcpy(*out + dir, name);
    real_folder = realpath(folder, NULL);
    real = realpath(*out, NULL);
    if (!real || !real_folder) goto out;             /* reading it will say why */
    const size_t n = strlen(real_folder);
    if (strcmp(real_folder, "/") != 0 && (strncmp(real, real_folder, n) != 0 || real[n] != '/')) {
        snprintf(why, whylen, "a symbolic link leaves the folder of this file");
        rc = MXB_EINVAL;
    } else if (stat(real, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        snprintf(why, whylen, "it is not a regular file");       /* opening a pipe would wait for a writer */
        rc = MXB_EINVAL;
    }
out:
    free(folder);
    free(real_folder);
    free(real);
    if (rc) {
        free(*out);
        *out = NULL;
    }
    return rc;
}
