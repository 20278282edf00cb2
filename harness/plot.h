/* Pictures of stored results: each kind makes a table and a few variables, a gnuplot template draws them. */
#ifndef MXB_PLOT_H
#define MXB_PLOT_H
#include "harness/store_query.h"

enum plot_format { PLOT_SVG, PLOT_PNG, PLOT_PDF, PLOT_FORMATS };

struct plot {                        /* one picture to be; {0}, then plot_begin() */
    const struct plot_kind *kind;
    char title[256], subtitle[600];
    FILE *data, *vars;               /* CSV with a heading line; gnuplot assignments */
    char *data_text, *vars_text;     /* what was written to them */
    size_t data_size, vars_size;
    int width, height;               /* pixels of SVG and PNG */
    uint64_t used;                   /* bit per device that has a row in the data */
    uint32_t points;                 /* rows of data; 0 = there is nothing to draw, and `subtitle` says why */
};
struct plot_request {                /* what is to be seen */
    struct store *store;
    const struct result_set *set;
    const char *op;                  /* NULL = the first */
    const struct stored_result
        *focus; /* a case: of its problem (tiles), or the case itself (history, samples); NULL = the first that fits */
    const char *param;               /* scaling: the swept parameter; NULL = found */
};
struct plot_kind {
    const char *name, *about;        /* "speed"; also the template's name: scripts/gnuplot/speed.gp */
    int (*build)(const struct plot_request *, struct plot *, char *err, size_t errlen);
};
extern const struct plot_kind *const plot_kinds[];           /* NULL-terminated */
const struct plot_kind *plot_find(const char *name);         /* NULL = unknown */

int  plot_build(const struct plot_kind *, const struct plot_request *, struct plot *out, char *err, size_t errlen);
void plot_free(struct plot *);
/* Draws into folder/name.svg (.png, .pdf), with the data beside it as name.csv.  script: also keep name.gp, which draws
 * the picture again.  template_file: NULL = built in.  MXB_ENOENT: there is no gnuplot (the data is written all the
 * same). */
int plot_draw(const struct plot *, enum plot_format, const char *template_file, const char *folder, const char *name,
              bool script, char *err, size_t errlen);
bool plot_can_draw(void);                                    /* gnuplot is in PATH */

/* For the kinds: variables, and the devices as series of fixed colours. */
void plot_var(struct plot *, const char *name, const char *text);
void plot_number(struct plot *, const char *name, double value);
void plot_words(struct plot *, const char *name, const char *const *word, uint32_t n); /* a gnuplot array from 1 */
void plot_tics(struct plot *, const char *name, const char *const *word,
               uint32_t n);                                  /* the same for labels of tics, which are formats; folded */
enum { PLOT_TIC_WIDTH = 44 };                                /* characters of a line of such a label */
void plot_devices(struct plot *, const struct result_set *); /* arrays series and colour; show = the used ones */
const char *plot_colour(const struct result_set *, uint32_t device);                         /* "#0072b2" */
/* Candidates that a report shows one picture each of; they write at most `max` and return how many there are. */
uint32_t plot_tile_problems(const struct result_set *, const struct stored_result **out, uint32_t max);
/* The parameter of the op that is swept most; NULL = none has three values while all others stay. */
const char *plot_swept_param(const struct result_set *, const char *op, char name[48]);
#endif
