/* Compiled OpenCL programs on disk: one file <dir>/opencl-<16 hex digits of the key>.bin for each program.
 *
 * A file is a struct head and the driver's binary.  The checksum is there because drivers crash on a damaged binary
 * where OpenCL asks for CL_INVALID_BINARY. */
#include "cl_internal.h"

#define XXH_INLINE_ALL
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char magic[8] = "mxbocl1";

struct head {
    char magic[8];
    uint64_t key;                    /* a file renamed by hand must not pass for another */
    uint64_t bytes, hash;            /* of the binary that follows */
};

static bool file_name(char name[PATH_MAX], const char *dir, uint64_t key)
{
    int n = snprintf(name, PATH_MAX, "%s/opencl-%016llx.bin", dir, (unsigned long long)key);
    return n > 0 && n < PATH_MAX;
}

void *ocl_cache_read(const char *dir, uint64_t key, size_t *bytes, uint64_t *hash)
{
    char name[PATH_MAX];
    if (!file_name(name, dir, key))
        return NULL;
    FILE *f = fopen(name, "rbe");
    if (!f)
        return NULL;

    struct head h;
    void *data = NULL;
    bool ok = fread(&h, sizeof h, 1, f) == 1 && memcmp(h.magic, magic, sizeof magic) == 0 && h.key == key;
    /* The length is compared with the file's before it is believed. */
    ok = ok && fseek(f, 0, SEEK_END) == 0 && ftell(f) > (long)sizeof h &&
         h.bytes == (uint64_t)ftell(f) - sizeof h && fseek(f, (long)sizeof h, SEEK_SET) == 0;
    if (ok)
        data = malloc(h.bytes);
    ok = data && fread(data, h.bytes, 1, f) == 1 && XXH3_64bits(data, h.bytes) == h.hash;
    fclose(f);
    if (!ok) {
        free(data);
        return NULL;
    }
    *bytes = h.bytes;
    *hash = h.hash;
    return data;
}

void ocl_cache_write(const char *dir, uint64_t key, const void *data, size_t bytes, uint64_t on_disk)
{
    struct head h = { .key = key, .bytes = bytes, .hash = XXH3_64bits(data, bytes) };
    memcpy(h.magic, magic, sizeof magic);
    char name[PATH_MAX], temp[PATH_MAX];
    int n = snprintf(temp, sizeof temp, "%s/opencl-XXXXXX", dir);
    if (h.hash == on_disk || n < 0 || n >= PATH_MAX || !file_name(name, dir, key))
        return;

    /* Readers see the old file or the whole new one: several workers may share the folder. */
    int fd = mkstemp(temp);
    if (fd < 0)
        return;
    FILE *f = fdopen(fd, "wb");
    if (!f) {
        close(fd);
        unlink(temp);
        return;
    }
    bool ok = fwrite(&h, sizeof h, 1, f) == 1 && fwrite(data, bytes, 1, f) == 1;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(temp, name) != 0)
        unlink(temp);
}
