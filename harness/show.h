/* The commands that only tell: devices, show, doctor, plot, report. */
#ifndef MXB_SHOW_H
#define MXB_SHOW_H
#include "harness/cli.h"
int devices_run(const struct cli *);
int doctor_run(const struct cli *);
int show_run(const struct cli *);
/* Probes the backends that --backend names, all without it.  0 or an exit code with one line on stderr. */
int show_probe(const struct cli *, struct arena *, struct device_list *);
bool tool_in_path(const char *tool);                 /* is there such a program? */
int plot_run(const struct cli *);
int report_run(const struct cli *);
int completion_run(const struct cli *);
int manual_run(const struct cli *);
int coverage_run(const struct cli *);                 /* list --coverage */
int list_cases_run(const struct cli *);               /* list cases */
/* The inline text of the one CASE argument: itself if it begins with '{', else what is stored under the id.  0 or an exit
 * code with one line on stderr. */
int show_resolve_case(const struct cli *, char *out, size_t n);
#endif
