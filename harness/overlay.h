/* What --kernel-dir puts in the place of built-in kernel sources.  It is read once, before a run begins: workers are
 * forked with it, so all of them get the same texts, whatever becomes of the files meanwhile. */
#ifndef MXB_OVERLAY_H
#define MXB_OVERLAY_H
#include <stddef.h>
#include <stdint.h>

struct overlay;
/* Of each built-in source what dir holds (as dir/<path>, dir/<path without "kernels/"> or dir/<name>, the first of
 * these), and what those files include.  MXB_EINVAL: dir is no folder or holds none of them, or one that is there is no
 * text file that can be read. */
int  overlay_read(const char *dir, struct overlay **out, char *err, size_t errlen);
void overlay_free(struct overlay *);             /* NULL is fine */
/* Text of the file in the place of `path`; NULL: none.  An overlay of NULL holds nothing. */
const char *overlay_text(const struct overlay *, const char *path);
/* Of all paths and texts, to tell two states of a folder apart; 0 = no overlay. */
uint64_t overlay_hash(const struct overlay *);
#endif
