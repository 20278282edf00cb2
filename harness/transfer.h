/* The commands that move stored results: export, import, merge, prune. */
#ifndef MXB_TRANSFER_H
#define MXB_TRANSFER_H
#include "harness/cli.h"
int export_run(const struct cli *);
int import_run(const struct cli *);
int merge_run(const struct cli *);
int prune_run(const struct cli *);
#endif
