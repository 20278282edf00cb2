/* Writes JSON (RFC 8259) to a FILE or a growing string.  The writer sets commas; the caller opens and closes. */
#ifndef MXB_JSON_H
#define MXB_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_MAX_DEPTH = 32 };

struct json {                        /* {0} = compact text in memory */
    FILE *file;                      /* NULL: text grows in memory; not closed */
    int indent;                      /* spaces per level; 0 = everything on one line */
    char *text;                      /* NUL-terminated, malloc'ed; NULL as long as nothing was written */
    size_t len, cap;                 /* bytes of text */
    uint32_t depth;                  /* open objects and arrays */
    bool array[JSON_MAX_DEPTH], filled[JSON_MAX_DEPTH];
    int rc;                          /* first failure; later calls do nothing */
};

/* key: the member's name inside an object, NULL inside an array and at the top. */
void json_object(struct json *, const char *key);   /* opens; json_end() closes */
void json_array(struct json *, const char *key);
void json_end(struct json *);
/* NULL is written as null.  Bytes that are not UTF-8 become U+FFFD, one each. */
void json_string(struct json *, const char *key, const char *value);
/* Shortest text that reads back equal; NaN and infinities become null. */
void json_double(struct json *, const char *key, double value);
void json_int(struct json *, const char *key, int64_t value);
void json_uint(struct json *, const char *key, uint64_t value);
void json_bool(struct json *, const char *key, bool value);
void json_null(struct json *, const char *key);
void json_raw(struct json *, const char *key, const char *json_text);   /* a value that is JSON already */

/* The text that json_double() writes for a finite value. */
const char *json_number(double value, char text[32]);

/* After the top value: 0, MXB_ENOMEM, or MXB_EINVAL if the FILE could not be written (errno tells why).  Frees the text
 * unless `text` takes it (free() it); on failure *text is NULL. */
int json_finish(struct json *, char **text);
#endif
