/* Temporary folders: removed by the process that made them or, if that was killed, by a later run. */
#ifndef MXB_TEMP_H
#define MXB_TEMP_H
#include <stddef.h>

/* A new folder that only we can enter, under $TMPDIR or /tmp; removed by tree_remove().  MXB_EDEVICE with the text. */
int  temp_folder(char *out, size_t n, char *err, size_t errlen);
void tree_remove(const char *tree);              /* NULL and "" are fine */

/* The folder of a run.  It is held by a lock, which ends with the process: what nobody holds is of a run that was
 * killed, and goes when the next one begins. */
struct temp { char path[512]; int lock; };       /* path "" = none */
int  temp_begin(struct temp *, char *err, size_t errlen);    /* MXB_EDEVICE with the text */
void temp_end(struct temp *);
#endif
