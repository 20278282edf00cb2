/* Suite files on disk: reading them whole, and where an `include:` may point. */
#ifndef MXB_SUITE_FILE_H
#define MXB_SUITE_FILE_H
#include <stddef.h>
#include <stdint.h>

struct suite_file {
    char  *text;                     /* malloc'ed, NUL-terminated */
    size_t len;
    uint64_t dev, ino;               /* which file it is, whatever its path */
};
/* MXB_ENOENT, MXB_EINVAL (a directory, unreadable, too large) or MXB_ENOMEM; the reason without the path in why. */
int suite_file_read(const char *path, struct suite_file *out, char *why, size_t whylen);
/* Path of `name`, given relative to the folder of the file `from`; malloc'ed.  MXB_EINVAL: the name is absolute or
 * leaves that folder, also through a symbolic link; the reason in why. */
int suite_file_beside(const char *from, const char *name, char **out, char *why, size_t whylen);
#endif
