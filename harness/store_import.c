/* Reads JSON lines into the database, all or nothing (store_transfer.h). */
#include "harness/store_import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zlib.h>

#include "harness/interrupt.h"
#include "harness/nearest.h"
#include "harness/quote.h"

enum { UNITS_PER_NS = 16, SAMPLES_MOST = 1 << 20, LINE_MOST = 1 << 28 };

/* ---- messages ---- */

/* SQLite quotes a broken CHECK as it stands in the schema, on several lines, and a name in the file may hold anything:
 * blanks and control characters become one blank. */
static void put_on_one_line(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        const bool blank = (unsigned char)*from <= ' ' || *from == 0x7f;
        if (!blank) *to++ = *from;
        else if (to == text || to[-1] != ' ') *to++ = ' ';
    }
    *to = 0;
}

int import_fault(const struct importer *im, const char *key, const char *fmt, ...)
{
    char quoted[80];
    snprintf(quoted, sizeof quoted, "\"%.70s\"", key ? key : "");
    const char *at = key && im->text ? strstr(im->text, quoted) : NULL;
    const int n =
        snprintf(im->err, im->errlen, "%s:%u:%zu: ", im->name, im->line, at ? (size_t)(at - im->text) + 1 : 1);
    va_list ap;
    va_start(ap, fmt);
    if (n >= 0 && (size_t)n < im->errlen) vsnprintf(im->err + n, im->errlen - (size_t)n, fmt, ap);
    va_end(ap);
    put_on_one_line(im->err);
    return MXB_EPARSE;
}

int import_sql_fault(const struct importer *im, int rc, const char *what)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return import_fault(im, what, "%s: %s", what, sqlite3_errmsg(im->st->db));
    default: return store_fail(im->st->db, im->st->path, rc, "cannot import", im->err, im->errlen);
    }
}

int import_unknown(const struct importer *im, const char *key, const char *const *known, size_t n)
{
    char text[MXB_ERRLEN], q[QUOTE_LEN];
    snprintf(text, sizeof text, "unknown member %s", quote(q, key, strlen(key)));
    nearest_hint(text, sizeof text, key, known, n);
    return import_fault(im, key, "%s", text);
}

/* ---- values: json-c has NULL for null ---- */

struct json_object *import_member(struct json_object *object, const char *key)
{
    struct json_object *v = NULL;
    return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, key, &v) ? v : NULL;
}

const char *import_text(struct json_object *object, const char *key)
{
    struct json_object *v = import_member(object, key);
    return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

/* ---- rows ---- */

static int bind_json(sqlite3_stmt *s, int at, struct json_object *v)
{
    switch (json_object_get_type(v)) {
    case json_type_string:
        return sqlite3_bind_text(s, at, json_object_get_string(v), json_object_get_string_len(v), SQLITE_TRANSIENT);
    case json_type_int:     return sqlite3_bind_int64(s, at, json_object_get_int64(v));
    case json_type_double:  return sqlite3_bind_double(s, at, json_object_get_double(v));
    case json_type_boolean: return sqlite3_bind_int64(s, at, json_object_get_boolean(v));
    default:                return sqlite3_bind_null(s, at);
    }
}

static bool listed(const char *words, const char *word)
{
    const char *p = strstr(words, word);
    const size_t n = strlen(word);
    return p && (p == words || p[-1] == ' ') && (p[n] == 0 || p[n] == ' ');
}

/* Every member is a column with a value that is no list or object. */
static int check_members(struct importer *im, const char *table, struct json_object *object, const char *nested,
                         const struct columns *c)
{
    json_object_object_foreach(object, key, v) {
        if (listed(nested, key)) continue;
        if (columns_find(c, key) < 0) {
            const char *known[COLUMNS_MAX];
            char text[MXB_ERRLEN], q[QUOTE_LEN];
            for (int i = 0; i < c->n; i++) known[i] = c->name[i];
            snprintf(text, sizeof text, "unknown member %s of '%s'", quote(q, key, strlen(key)), table);
            nearest_hint(text, sizeof text, key, known, (size_t)c->n);
            return import_fault(im, key, "%s", text);
        }
        const enum json_type type = json_object_get_type(v);
        if (type == json_type_object || type == json_type_array)
            return import_fault(im, key, "'%s' must be a plain value", key);
        if (type == json_type_string && strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
            return import_fault(im, key, "'%s' holds a NUL character", key);
    }
    return 0;
}

int import_row(struct importer *im, const char *table, struct json_object *object, const char *nested,
               const struct import_fixed *fixed, int nfixed, bool unique, int64_t *id)
{
    struct columns all, used = { 0 };
    char sql[4096];
    sqlite3_stmt *s = NULL;
    if (!json_object_is_type(object, json_type_object)) return import_fault(im, table, "'%s' must be an object", table);
    int rc = columns_of(im->st->db, table, "id machine_id env_id run_id case_id device_id result_id round_id", &all);
    if (rc) return import_sql_fault(im, rc, table);
    if ((rc = check_members(im, table, object, nested, &all)) != 0) return rc;
    for (int i = 0; i < all.n; i++)
        if (json_object_object_get_ex(object, all.name[i], NULL))
            memcpy(used.name[used.n++], all.name[i], sizeof all.name[i]);
    if (used.n == 0) return import_fault(im, table, "'%s' is empty", table);
    size_t n = (size_t)snprintf(sql, sizeof sql, "INSERT INTO %s(", table);
    for (int i = 0; i < nfixed; i++) n += (size_t)snprintf(sql + n, sizeof sql - n, "%s, ", fixed[i].name);
    for (int i = 0; i < used.n; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "%s%s", i ? ", " : "", used.name[i]);
    n += (size_t)snprintf(sql + n, sizeof sql - n, ") VALUES(?");
    for (int i = 1; i < nfixed + used.n; i++) n += (size_t)snprintf(sql + n, sizeof sql - n, ", ?");
    n += (size_t)snprintf(sql + n, sizeof sql - n, ")");
    const char *const first = used.name[0];
    if (unique) n += (size_t)snprintf(sql + n, sizeof sql - n, " ON CONFLICT DO UPDATE SET %s = %s", first, first);
    snprintf(sql + n, sizeof sql - n, " RETURNING id");
    rc = sqlite3_prepare_v2(im->st->db, sql, -1, &s, NULL);
    for (int i = 0; i < nfixed && rc == SQLITE_OK; i++) rc = sqlite3_bind_int64(s, i + 1, fixed[i].value);
    for (int i = 0; i < used.n && rc == SQLITE_OK; i++)
        rc = bind_json(s, nfixed + i + 1, import_member(object, used.name[i]));
    struct binder b = { .stmt = s, .rc = rc };
    rc = bind_run(&b, id);
    if (rc) rc = import_sql_fault(im, rc, table);
    sqlite3_finalize(s);
    return rc;
}

/* ---- our own lines ---- */

static struct import_run *find_run(const struct importer *im, const char *uuid)
{
    for (size_t i = im->nrun; i-- > 0; )
        if (strcmp(im->run[i].uuid, uuid) == 0) return &im->run[i];
    return NULL;
}

static int import_run(struct importer *im, struct json_object *line)
{
    struct json_object *run = import_member(line, "run");
    const char *uuid = import_text(run, "uuid");
    if (!uuid || !*uuid || strlen(uuid) >= sizeof im->run->uuid)
        return import_fault(im, "uuid", "a run needs a uuid of 1 to 63 characters");
    if (find_run(im, uuid)) return import_fault(im, "uuid", "run '%s' comes twice", uuid);
    struct import_run *p = realloc(im->run, (im->nrun + 1) * sizeof *p);
    if (!p) return import_sql_fault(im, SQLITE_NOMEM, "run");
    im->run = p;
    p = &im->run[im->nrun++];
    *p = (struct import_run){ .id = 0 };
    strcpy(p->uuid, uuid);

    struct binder b = { 0 };
    int64_t there = 0, env = 0;
    b.rc = sqlite3_prepare_v2(im->st->db, "SELECT id FROM run WHERE uuid = ?", -1, &b.stmt, NULL);
    bind_text(&b, uuid);
    int rc = bind_run(&b, &there);
    sqlite3_finalize(b.stmt);
    if (rc) return import_sql_fault(im, rc, "run");
    if (there) {
        im->count->known++;
        return 0;
    }
    rc = import_row(im, "machine", import_member(line, "machine"), "", NULL, 0, true, &p->machine_id);
    if (rc == 0) rc = import_row(im, "env", import_member(line, "env"), "", NULL, 0, true, &env);
    const struct import_fixed fixed[] = { { "machine_id", p->machine_id }, { "env_id", env } };
    if (rc == 0) rc = import_row(im, "run", run, "", fixed, MXB_COUNT(fixed), false, &p->id);
    im->count->runs++;
    return rc;
}

static int import_samples(struct importer *im, const char *clock, struct json_object *list, int64_t want, int64_t round)
{
    const bool is_list = json_object_is_type(list, json_type_array);
    const size_t n = is_list ? json_object_array_length(list) : 0;
    unsigned char *data = NULL;
    size_t bytes;
    if (!is_list || n > SAMPLES_MOST)
        return import_fault(im, clock, "samples must be a list of at most %d integers", SAMPLES_MOST);
    if ((int64_t)n != want) return import_fault(im, clock, "%zu samples, the round says n = %lld", n, (long long)want);
    double *ns = malloc(n * sizeof *ns + 1);
    if (!ns) return import_sql_fault(im, SQLITE_NOMEM, "samples");
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        struct json_object *v = json_object_array_get_idx(list, i);
        good = json_object_is_type(v, json_type_int);
        ns[i] = (double)json_object_get_int64(v) / UNITS_PER_NS;
    }
    const int packed = good ? samples_pack(ns, n, &data, &bytes) : MXB_EINVAL;
    free(ns);
    if (packed == MXB_ENOMEM) return import_sql_fault(im, SQLITE_NOMEM, "samples");
    if (packed) return import_fault(im, clock, "a sample is not a time in 1/16 ns");
    struct binder b = { 0 };
    b.rc = sqlite3_prepare_v2(
        im->st->db, "INSERT INTO sample_blob(round_id, clock, codec, n, crc32, data) VALUES(?, ?, 1, ?, ?, ?)", -1,
        &b.stmt, NULL);
    const int64_t crc = (int64_t)crc32(0, data, (uInt)bytes);
    bind_int(&b, round);
    bind_text(&b, clock);
    bind_int(&b, (int64_t)n);
    bind_int(&b, crc);
    bind_blob(&b, data, bytes);
    int rc = bind_run(&b, NULL);
    if (rc) rc = import_sql_fault(im, rc, clock);
    sqlite3_finalize(b.stmt);
    return rc;
}

static int import_round(struct importer *im, struct json_object *round, int64_t result)
{
    const struct import_fixed fixed[] = { { "result_id", result } };
    int64_t id = 0;
    struct json_object *samples = import_member(round, "samples");
    int rc = import_row(im, "round", round, "samples", fixed, MXB_COUNT(fixed), false, &id);
    if (rc) return rc;
    if (!samples) return 0;
    if (!json_object_is_type(samples, json_type_object))
        return import_fault(im, "samples", "'samples' must be an object of lists");
    json_object_object_foreach(samples, clock, list) {
        rc = import_samples(im, clock, list, json_object_get_int64(import_member(round, "n")), id);
        if (rc) return rc;
    }
    return 0;
}

static int import_result(struct importer *im, struct json_object *line)
{
    const char *uuid = import_text(line, "run");
    const struct import_run *run = uuid ? find_run(im, uuid) : NULL;
    struct json_object *rounds = import_member(line, "rounds");
    int64_t bench_case = 0, device = 0, id = 0;
    if (!run) return import_fault(im, "run", "a result's 'run' must be the uuid of a run that stands before it");
    if (!run->id) return 0;
    if (rounds && !json_object_is_type(rounds, json_type_array))
        return import_fault(im, "rounds", "'rounds' must be a list");
    const struct import_fixed on[] = { { "machine_id", run->machine_id } };
    int rc = import_row(im, "bench_case", import_member(line, "case"), "", NULL, 0, true, &bench_case);
    if (rc == 0) rc = import_row(im, "device", import_member(line, "device"), "", on, MXB_COUNT(on), true, &device);
    const struct import_fixed fixed[] = { { "run_id", run->id }, { "case_id", bench_case }, { "device_id", device } };
    if (rc == 0) rc = import_row(im, "result", import_member(line, "result"), "", fixed, MXB_COUNT(fixed), false, &id);
    for (size_t i = 0; rounds && i < json_object_array_length(rounds) && rc == 0; i++)
        rc = import_round(im, json_object_array_get_idx(rounds, i), id);
    im->count->results++;
    return rc;
}

static int import_roofline(struct importer *im, struct json_object *line)
{
    int64_t machine = 0, device = 0, id = 0;
    int rc = import_row(im, "machine", import_member(line, "machine"), "", NULL, 0, true, &machine);
    const struct import_fixed on[] = { { "machine_id", machine } };
    if (rc == 0) rc = import_row(im, "device", import_member(line, "device"), "", on, MXB_COUNT(on), true, &device);
    const struct import_fixed of[] = { { "device_id", device } };
    if (rc == 0) rc = import_row(im, "roofline", import_member(line, "roofline"), "", of, MXB_COUNT(of), true, &id);
    return rc;
}

/* ---- the file ---- */

static int import_line(struct importer *im, struct json_object *line)
{
    static const char *const member[] = { "run", "result", "machine", "env", "case", "device", "rounds", "roofline" };
    const char *peer = import_text(line, "backend");
    if (!json_object_is_type(line, json_type_object)) return import_fault(im, NULL, "a line must be a JSON object");
    if (peer && strncmp(peer, "peer:", 5) == 0) return import_peer(im, line);
    if (import_member(line, "mlxbench")) {
        const int64_t version = json_object_get_int64(import_member(line, "version"));
        if (version >= 1 && version <= TRANSFER_VERSION) return 0;
        return import_fault(im, "version", "this mlxbench reads versions 1 to %d of the format: use a newer one",
                            TRANSFER_VERSION);
    }
    json_object_object_foreach(line, key, unused) {
        bool known = false;
        (void)unused;
        for (size_t i = 0; i < MXB_COUNT(member); i++) known |= strcmp(member[i], key) == 0;
        if (!known) return import_unknown(im, key, member, MXB_COUNT(member));
    }
    if (import_member(line, "result")) return import_result(im, line);
    if (import_member(line, "roofline")) return import_roofline(im, line);
    if (json_object_is_type(import_member(line, "run"), json_type_object)) return import_run(im, line);
    return import_fault(im, NULL, "neither a run, nor a result, nor a roofline, nor a line with"
                                  " \"backend\": \"peer:NAME\"");
}

/* One line of text as a value; NULL with the message written. */
static struct json_object *parse(const struct importer *im, const char *text, size_t len)
{
    struct json_tokener *t = json_tokener_new();
    if (!t) {
        import_sql_fault(im, SQLITE_NOMEM, "line");
        return NULL;
    }
    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *line = json_tokener_parse_ex(t, text, (int)len);
    const enum json_tokener_error why = json_tokener_get_error(t);
    const size_t at = json_tokener_get_parse_end(t);
    if (why != json_tokener_success) {               /* text after the value too: the parser is strict */
        snprintf(im->err, im->errlen, "%s:%u:%zu: no JSON: %s", im->name, im->line, at + 1,
                 why == json_tokener_continue ? "the line ends too early"
                 : json_tokener_error_desc(why));
        json_object_put(line);
        line = NULL;
    } else if (!line) {
        import_fault(im, NULL, "a line must be a JSON object");
    }
    json_tokener_free(t);
    return line;
}

/* getline() with an end: 1 with a line, 0 at the end of the file. */
static int next_line(struct importer *im, char **text, size_t *room, size_t *len)
{
    int c;
    *len = 0;
    do {
        if (*len == LINE_MOST) return import_fault(im, NULL, "a line of more than %d bytes", LINE_MOST);
        if (*len + 1 >= *room) {
            char *more = realloc(*text, *room *= 2);
            if (!more) return import_sql_fault(im, SQLITE_NOMEM, "line");
            *text = more;
        }
        c = getc_unlocked(im->file);
        if (c != EOF) (*text)[(*len)++] = (char)c;
    } while (c != EOF && c != '\n');
    (*text)[*len] = 0;
    im->text = *text;
    return *len > 0;
}

static int read_lines(struct importer *im)
{
    size_t room = 4096, len;
    char *text = malloc(room);
    int rc = 0;
    if (!text) return import_sql_fault(im, SQLITE_NOMEM, "line");
    while (rc == 0 && !run_interrupted) {
        im->line++;
        rc = next_line(im, &text, &room, &len);
        if (rc <= 0) break;
        rc = 0;
        if (strspn(text, " \t\r\n") == len) continue;
        struct json_object *line = parse(im, text, len);
        rc = line ? import_line(im, line) : MXB_EPARSE;
        json_object_put(line);
    }
    if (run_interrupted) rc = import_fault(im, NULL, "interrupted");
    if (rc == 0 && ferror(im->file)) rc = import_fault(im, NULL, "cannot be read");
    if (rc == 0 && im->line == 1) rc = import_fault(im, NULL, "the file is empty");
    free(text);
    return rc;
}

int import_file_hash(const struct importer *im, uint64_t out[2])
{
    const off_t here = ftello(im->file);
    XXH3_state_t *h = XXH3_createState();
    char buf[65536];
    size_t n;
    if (!h) return import_sql_fault(im, SQLITE_NOMEM, "file");
    rewind(im->file);
    XXH3_128bits_reset(h);
    while ((n = fread(buf, 1, sizeof buf, im->file)) > 0) XXH3_128bits_update(h, buf, n);
    const XXH128_hash_t v = XXH3_128bits_digest(h);
    XXH3_freeState(h);
    out[0] = v.high64;
    out[1] = v.low64;
    return ferror(im->file) || fseeko(im->file, here, SEEK_SET) ? import_fault(im, NULL, "cannot be read") : 0;
}

int store_import(struct store *st, FILE *f, const char *name, struct transfer_count *count, char *err, size_t errlen)
{
    struct importer im = { .st = st, .file = f, .name = name, .count = count, .err = err, .errlen = errlen };
    *count = (struct transfer_count){ 0 };
    int rc = sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc) return store_fail(st->db, st->path, rc, "cannot import", err, errlen);
    rc = read_lines(&im);
    if (rc == 0 && (rc = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL)) != 0)
        rc = store_fail(st->db, st->path, rc, "cannot import", err, errlen);
    if (rc) sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    st->ndevice = 0;                                 /* rows that a rollback removed must not be used again */
    free(im.run);
    return rc;
}
