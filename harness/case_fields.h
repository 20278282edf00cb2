/* Takes stored cases apart into problem, parameters and tile, and finds what tells them from each other. */
#ifndef MXB_CASE_FIELDS_H
#define MXB_CASE_FIELDS_H
#include <stdbool.h>
#include "harness/store_query.h"

struct field_text { const char *name, *value; int name_len, value_len; };    /* "BQ=32" */

/* The next "name=value" of blank-separated words at *s; false at the end.  Words without '=' are passed over. */
bool next_field(const char **s, struct field_text *out);
/* Value of a field in such a text; false = not there or not a number. */
bool field_number(const char *text, const char *name, double *value);

/* The length of the problem's part of a case text: entry, parameters and seed. */
size_t problem_length(const char *case_text);
bool same_problem(const struct stored_result *, const struct stored_result *);
/* The same, one parameter aside. */
bool same_problem_but(const struct stored_result *, const struct stored_result *, const char *param);
bool is_timed(const struct stored_result *);         /* PASS, with a figure */

/* Parameters in which cases differ: at most 32 names out of one case text. */
struct varying { char name[32][48]; uint32_t n; };
void find_varying(const struct stored_result *const *r, uint32_t n, struct varying *out);
/* "bf16_d256 seq_len_k=512": the entry without the op's name in front, and the parameters that vary. */
void problem_label(const struct stored_result *, const struct varying *, bool entry, char *out, size_t n);
/* "n_heads=4 n_kv_heads=2": the parameters that do not. */
void common_label(const struct stored_result *, const struct varying *, char *out, size_t n);
#endif
