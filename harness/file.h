/* Reading of files that users name. */
#ifndef MXB_FILE_H
#define MXB_FILE_H
#include <stddef.h>

/* Opens a regular file for reading.  A pipe with a name would wait for its writer and a device may never end, so those
 * are refused; what is open already, and only named by its number (/dev/stdin, /dev/fd/3, `<(...)`), may be one.
 * MXB_ENOENT, MXB_EINVAL, MXB_ENOMEM; the reason without the path in why. */
int file_open(const char *path, int *fd, char *why, size_t whylen);
/* The rest of it, malloc'ed and NUL-terminated.  MXB_EINVAL: more than `most` bytes, or unreadable. */
int file_read(int fd, size_t most, char **text, size_t *len, char *why, size_t whylen);
#endif
