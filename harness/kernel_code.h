/* The code of an op's kernels: fills an mxb_shader from embedded or overlaid sources, and fills a device's registry. */
#ifndef MXB_KERNEL_CODE_H
#define MXB_KERNEL_CODE_H
#include "harness/overlay.h"
#include "harness/plan.h"

/* SPIR-V made by the build, sorted by key: "<source path> <defines>". */
struct embedded_spirv { const char *key; const unsigned char *data; size_t size; };
extern const struct embedded_spirv embedded_spirv[];
extern const size_t embedded_spirv_count;

/* What reg_request.detail points to. */
struct kernel_detail { const struct plan *plan; uint32_t step; };

struct kernel_store;                 /* of one device: overlay, code compiled at run time */
/* overlay: NULL = none; borrowed. */
int  kernel_store_new(const struct mxb_dev *, const struct overlay *, struct kernel_store **out);
void kernel_store_free(struct kernel_store *);

/* Registers every name of the catalogue and every entry of the linked ops.  A name that no op implements, and
 * `placeholder`, have no source: a request ends in MXB_ECOMPILE. */
int  kernel_store_register(struct kernel_store *, struct registry *, char *err, size_t errlen);

/* Macros of an entry: "-DDTYPE=2 -DDTYPE2=2 -DDTYPE3=0 -DBD=256 -DBOOLMASK=0". */
int  entry_defines(const struct mxb_entry *, char *out, size_t n);
/* "kernels/<family>/<op>/<stem>.<suffix>" */
int  kernel_path(const struct mxb_op *, const struct mxb_kernel *, const char *suffix, char *out, size_t n);
#endif
