/* The expansion of one case: shared by sweep.c (combinations of parameters) and sweep_targets.c (backends, tiles). */
#ifndef MXB_SWEEP_H
#define MXB_SWEEP_H
#include "harness/suite_read.h"

struct tile_set {                    /* the tile axes cut to those that an implementation has */
    uint32_t mask;                   /* of the case's tile axes */
    uint32_t n, ncol, base;          /* combinations, names in each, first value in case_list.tile */
    uint32_t *of;                    /* combination of all axes -> of these; only if where_tiles */
    unsigned char *keep;             /* which combinations the current problem has */
    struct tile_set *next;
};
struct target { uint8_t backend; int16_t impl; struct tile_set *tiles; };

struct sweep {
    struct reader *r;
    struct load *l;
    struct case_spec *c;
    const struct mxb_op *op;
    const struct mxb_entry *entry;   /* the current one */
    struct target *target; uint32_t ntarget;         /* of the entry */
    uint32_t pick[MXB_MAX_PARAM + 1];                /* the current value of each axis */
    uint32_t bits[MXB_MAX_PARAM];    /* the current parameters */
    struct val val[MAX_NAMES];       /* the same with the constants and tiles, for expressions */
    unsigned char params[MXB_MAX_PUSH];
    struct tile_set *sets;
    uint32_t ntile;                  /* combinations of all tile axes */
    bool where_tiles;                /* `where:` depends on tiles */
    uint32_t ncache;
    uint64_t combinations;           /* of the parameter axes */
};

/* Sets target[] for the current entry: who computes it, with which tiles. */
int  sweep_targets(struct sweep *);
/* Index of each tile axis in combination t, the first axis outermost. */
void sweep_tile(const struct case_spec *, uint32_t t, uint32_t index[SUITE_MAX_TILE]);
#endif
