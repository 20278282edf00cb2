/* Builds and draws pictures: variables for the templates, the script, gnuplot itself (plot.h). */
#include "harness/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/assets.h"
#include "harness/escape.h"
#include "harness/show.h"

extern const struct plot_kind plot_speed, plot_errors, plot_tiles, plot_scaling, plot_roofline, plot_samples,
    plot_history;
const struct plot_kind *const plot_kinds[] = { &plot_speed,    &plot_errors,  &plot_tiles,   &plot_scaling,
                                               &plot_roofline, &plot_samples, &plot_history, NULL };

const struct plot_kind *plot_find(const char *name)
{
    for (int i = 0; plot_kinds[i]; i++)
        if (strcmp(plot_kinds[i]->name, name) == 0) return plot_kinds[i];
    return NULL;
}

int plot_build(const struct plot_kind *kind, const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    *p = (struct plot){ .kind = kind, .width = 900, .height = 420 };
    p->data = open_memstream(&p->data_text, &p->data_size);
    p->vars = open_memstream(&p->vars_text, &p->vars_size);
    int rc = MXB_ENOMEM;
    if (p->data && p->vars) rc = kind->build(q, p, err, errlen);
    else snprintf(err, errlen, "out of memory");
    if (p->data) fflush(p->data);
    if (p->vars) fflush(p->vars);
    if (rc) plot_free(p);
    return rc;
}

void plot_free(struct plot *p)
{
    if (p->data) fclose(p->data);
    if (p->vars) fclose(p->vars);
    free(p->data_text);
    free(p->vars_text);
    *p = (struct plot){ 0 };
}

/* ---- variables ---- */

static void put_quoted(FILE *f, const char *text)
{
    fputc('\'', f);
    put_escaped(f, ESC_GNUPLOT, text);
    fputc('\'', f);
}

void plot_var(struct plot *p, const char *name, const char *text)
{
    fprintf(p->vars, "%s = ", name);
    put_quoted(p->vars, text);
    fputc('\n', p->vars);
}

void plot_number(struct plot *p, const char *name, double value) { fprintf(p->vars, "%s = %.9g\n", name, value); }

/* A gnuplot expression of text, with a line break between words where a line would be longer than `most` characters. */
static void put_folded(FILE *f, const char *text, size_t most)
{
    char line[600];
    for (const char *s = text; ; ) {
        size_t n = strlen(s);
        if (n > most) {
            for (n = most; n > most / 2 && s[n] != ' '; n--) continue;
            if (s[n] != ' ') n = strlen(s);          /* no place to break */
        }
        snprintf(line, sizeof(line), "%.*s", (int)n, s);
        put_quoted(f, line);
        s += n + strspn(s + n, " ");
        if (!*s) return;
        fputs(".\"\\n\".", f);
    }
}

static void put_array(struct plot *p, const char *name, const char *const *word, uint32_t n, bool formats)
{
    fprintf(p->vars, "array %s[%u] = [", name, n ? n : 1);
    for (uint32_t i = 0; i < n; i++) {
        char text[600];
        size_t at = 0;
        for (const char *s = word[i]; *s && at + 2 < sizeof(text); s++) {
            text[at++] = *s;
            if (formats && *s == '%') text[at++] = '%';
        }
        text[at] = 0;
        if (i) fputs(", ", p->vars);
        put_folded(p->vars, text, formats ? PLOT_TIC_WIDTH : sizeof(text));
    }
    fputs(n ? "]\n" : "'']\n", p->vars);
}

void plot_words(struct plot *p, const char *name, const char *const *word, uint32_t n)
{
    put_array(p, name, word, n, false);
}
void plot_tics(struct plot *p, const char *name, const char *const *word, uint32_t n)
{
    put_array(p, name, word, n, true);
}

/* Okabe and Ito's colours, which the colour-blind can tell apart; the built-in backends keep theirs in every
 * picture. */
const char *plot_colour(const struct result_set *s, uint32_t device)
{
    static const char *const own[][2] = { { "cpu", "#d55e00" }, { "opencl", "#0072b2" }, { "vulkan", "#009e73" } };
    static const char *const other[] = { "#cc79a7", "#56b4e9", "#e69f00", "#8a7500" };
    uint32_t taken = 0;
    for (uint32_t d = 0; d <= device; d++) {
        const char *colour = NULL;
        for (size_t i = 0; i < MXB_COUNT(own) && !colour; i++)
            if (strcmp(own[i][0], s->device[d].backend) == 0) colour = own[i][1];
        for (uint32_t e = 0; e < d && colour; e++)
            if (strcmp(s->device[e].backend, s->device[d].backend) == 0) colour = NULL;
        if (!colour) colour = other[taken++ % MXB_COUNT(other)];
        if (d == device) return colour;
    }
    return other[0];
}

void plot_devices(struct plot *p, const struct result_set *s)
{
    const char **word = malloc((s->ndevice + 1) * sizeof(*word));
    if (!word) return;
    for (uint32_t d = 0; d < s->ndevice; d++) word[d] = s->device[d].label;
    plot_words(p, "series", word, s->ndevice);
    for (uint32_t d = 0; d < s->ndevice; d++) word[d] = plot_colour(s, d);
    plot_words(p, "colour", word, s->ndevice);
    fputs("show = '", p->vars);
    for (uint32_t d = 0, n = 0; d < s->ndevice && d < 64; d++)
        if (p->used >> d & 1) fprintf(p->vars, "%s%u", n++ ? " " : "", d + 1);
    fputs("'\n", p->vars);
    free(word);
}

/* ---- drawing ---- */

bool plot_can_draw(void) { return tool_in_path("gnuplot"); }

static const struct { const char *suffix, *terminal; } formats[PLOT_FORMATS] = {
    [PLOT_SVG] = { "svg", "svg size %d,%d dynamic enhanced font 'sans-serif,13'" },
    [PLOT_PNG] = { "png", "pngcairo size %d,%d enhanced font 'sans-serif,11'" },
    [PLOT_PDF] = { "pdf", "pdfcairo size %gin,%gin enhanced font 'sans-serif,9'" },
};

static int write_file(const char *path, const char *text, size_t n, char *err, size_t errlen)
{
    FILE *f = fopen(path, "we");
    const bool ok = f && fwrite(text, 1, n, f) == n;
    if ((!f || fclose(f) != 0 || !ok)) {
        snprintf(err, errlen, "cannot write '%.300s': %s", path, strerror(errno));
        return MXB_EINVAL;
    }
    return 0;
}

/* The whole script: output, variables, template. */
static int make_script(const struct plot *p, enum plot_format format, const char *template_file, const char *name,
                       char **text, size_t *n, char *err, size_t errlen)
{
    char *body = NULL;
    int rc = template_file ? read_text_file(template_file, &body, err, errlen)
                           : asset_load("scripts/gnuplot/", p->kind->name, ".gp", &body);
    if (rc && !template_file) snprintf(err, errlen, "the template '%s' is not in this program", p->kind->name);
    if (rc) return rc;
    FILE *f = open_memstream(text, n);
    if (!f) {
        free(body);
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    fputs("set encoding utf8\nset terminal ", f);
    if (format == PLOT_PDF) fprintf(f, formats[format].terminal, p->width / 100.0, p->height / 100.0);
    else fprintf(f, formats[format].terminal, p->width, p->height);
    fprintf(f, "\nset output '%s.%s'\ndata = '%s.csv'\n", name, formats[format].suffix, name);
    fputs("title = ", f);
    put_quoted(f, p->title);
    fputs("\nsubtitle = ", f);
    put_folded(f, p->subtitle, (size_t)p->width / 8);
    fprintf(f, "\npoints = %u\n%s%s", p->points, p->vars_text, body);
    free(body);
    if (fclose(f) == 0) return 0;
    snprintf(err, errlen, "out of memory");
    return MXB_ENOMEM;
}

/* gnuplot in the folder, so that the script's paths are short and the folder can be moved.  Its first complaint goes to
 * err. */
static int run_gnuplot(const char *folder, const char *script, char *err, size_t errlen)
{
    enum { LIMIT_S = 60 };
    int pipe_fd[2], status = 0;
    char text[2048];
    size_t n = 0;
    if (pipe(pipe_fd)) return MXB_EINVAL;
    const pid_t pid = fork();
    if (pid == 0) {
        if (chdir(folder) || dup2(pipe_fd[1], 1) < 0 || dup2(pipe_fd[1], 2) < 0) _exit(126);
        close(pipe_fd[0]);
        alarm(LIMIT_S);                              /* survives exec: a template that loops is ended */
        execlp("gnuplot", "gnuplot", script, (char *)NULL);
        _exit(127);
    }
    close(pipe_fd[1]);
    for (ssize_t got; pid > 0 && (got = read(pipe_fd[0], text + n, sizeof(text) - 1 - n)) > 0; )
        if ((n += (size_t)got) == sizeof(text) - 1) n = sizeof(text) / 2;    /* the rest is not shown */
    close(pipe_fd[0]);
    text[n] = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        snprintf(err, errlen, "cannot start gnuplot: %s", strerror(errno));
        return MXB_EINVAL;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    for (char *c = text; *c; c++)
        if (*c == '\n') *c = ' ';
    const char *first = text + strspn(text, " ^");
    if (WIFSIGNALED(status))
        snprintf(err, errlen, "gnuplot was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else snprintf(err, errlen, "gnuplot failed: %.300s", *first ? first : "it said nothing");
    return MXB_EINVAL;
}

/* gnuplot writes "]]>" of a label as it is, which XML forbids. */
static int mend_svg(const char *path, char *err, size_t errlen)
{
    char *svg = NULL, *more = NULL;
    size_t n = 0;
    int rc = read_text_file(path, &svg, err, errlen);
    if (rc || !strstr(svg, "]]>")) {
        free(svg);
        return rc;
    }
    FILE *f = open_memstream(&more, &n);
    for (const char *s = svg, *end; f && *s; s = end) {
        end = strstr(s, "]]>");
        fwrite(s, 1, end ? (size_t)(end - s) : strlen(s), f);
        if (!end) break;
        fputs("]]&gt;", f);
        end += 3;
    }
    if (f && fclose(f) == 0) rc = write_file(path, more, n, err, errlen);
    free(more);
    free(svg);
    return rc;
}

int plot_draw(const struct plot *p, enum plot_format format, const char *template_file, const char *folder,
              const char *name, bool script, char *err, size_t errlen)
{
    char path[4400], output[4400], file[300], *text = NULL;
    size_t n = 0;
    snprintf(path, sizeof(path), "%s/%s.csv", folder, name);
    int rc = write_file(path, p->data_text, p->data_size, err, errlen);
    if (rc == 0) rc = make_script(p, format, template_file, name, &text, &n, err, errlen);
    snprintf(file, sizeof(file), "%s.gp", name);
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    if (rc == 0) rc = write_file(path, text, n, err, errlen);
    if (rc == 0 && !plot_can_draw()) {
        snprintf(err, errlen,
                 "gnuplot is not installed (on Debian: apt-get install gnuplot-nox); the data is in %s/%s.csv", folder,
                 name);
        rc = MXB_ENOENT;
    }
    if (rc == 0) rc = run_gnuplot(folder, file, err, errlen);
    snprintf(output, sizeof(output), "%s/%s.svg", folder, name);
    if (rc == 0 && format == PLOT_SVG) rc = mend_svg(output, err, errlen);
    if (!script) unlink(path);
    free(text);
    return rc;
}
