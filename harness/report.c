/* The formats that --format knows. */
#include "harness/report.h"

extern const struct reporter report_table, report_json;
const struct reporter *const reporters[] = { &report_table, &report_json, NULL };
