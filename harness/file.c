/* Reading of files that users name (file.h). */
#include "harness/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/interrupt.h"
#include "harness/mxb_types.h"

static int fail_errno(int e, char *why, size_t whylen)
{
    snprintf(why, whylen, "%s", strerror(e));
    return e == ENOENT || e == ENOTDIR ? MXB_ENOENT : e == ENOMEM ? MXB_ENOMEM : MXB_EINVAL;
}

static bool is_descriptor(const char *path)
{
    static const char *const folder[] = { "/dev/fd/", "/proc/self/fd/" };
    for (size_t i = 0; i < MXB_COUNT(folder); i++)
        if (strncmp(path, folder[i], strlen(folder[i])) == 0) return true;
    return strcmp(path, "/dev/stdin") == 0;
}

int file_open(const char *path, int *fd, char *why, size_t whylen)
{
    struct stat st;
    int rc = 0;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return fail_errno(errno, why, whylen);
    if (fstat(*fd, &st) || fcntl(*fd, F_SETFL, O_RDONLY)) rc = fail_errno(errno, why, whylen);      /* reading may wait */
    else if (S_ISDIR(st.st_mode)) rc = fail_errno(EISDIR, why, whylen);
    else if (!S_ISREG(st.st_mode) && !is_descriptor(path)) {
        snprintf(why, whylen, "not a regular file");
        rc = MXB_EINVAL;
    }
    if (rc == 0) return 0;
    close(*fd);
    *fd = -1;
    return rc;
}

int file_read(int fd, size_t most, char **text, size_t *len, char *why, size_t whylen)
{
    size_t room = 1 << 16, at = 0;
    char *buf = malloc(room);
    int rc = buf ? 0 : fail_errno(ENOMEM, why, whylen);
    *text = NULL;
    while (rc == 0) {
        const ssize_t n = read(fd, buf + at, room - at - 1);
        if (n < 0 && errno == EINTR && !run_interrupted) continue;
        if (n < 0) rc = fail_errno(errno, why, whylen);
        if (n <= 0) break;
        at += (size_t)n;
        if (at > most) {
            snprintf(why, whylen, "larger than %zu MiB", most >> 20);
            rc = MXB_EINVAL;
        } else if (room - at == 1) {
            char *more = realloc(buf, room *= 2);
            if (more) buf = more;
            else rc = fail_errno(ENOMEM, why, whylen);
        }
    }
    if (rc) {
        free(buf);
        return rc;
    }
    buf[at] = 0;
    *text = buf;
    *len = at;
    return 0;
}
