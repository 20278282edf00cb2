/* From libyaml's events to a tree of nodes; bounds everything that a hostile file could blow up. */
#include "harness/suite_yaml.h"
#include "harness/mxb_types.h"
#include "harness/quote.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct anchor {
    const char *name;
    struct node *node;
    bool open;                       /* still being built: an alias to it would be a cycle */
    struct anchor *next;
};
struct level { struct node *node; uint32_t first; struct anchor *anchor; };   /* first: its children in builder.child */

struct builder {
    struct pool *pool;
    const char *shown;
    struct node **child; uint32_t nchild, room;      /* finished nodes whose parent is open */
    struct level level[YAML_MAX_DEPTH]; uint32_t depth;
    struct anchor *anchor; uint32_t nanchor;
    uint64_t total;                  /* nodes, aliases with all that they stand for */
    char *err; size_t errlen;
};

__attribute__((format(printf, 4, 5)))
static int fail_mark(struct builder *b, int line, int col, const char *fmt, ...)
{
    const int at = snprintf(b->err, b->errlen, "%s:%d:%d: ", b->shown, line, col);
    va_list ap;
    va_start(ap, fmt);
    if (at >= 0 && (size_t)at < b->errlen) vsnprintf(b->err + at, b->errlen - (size_t)at, fmt, ap);
    va_end(ap);
    return MXB_EPARSE;
}

static int no_memory(struct builder *b)
{
    snprintf(b->err, b->errlen, "%s: out of memory", b->shown);
    return MXB_ENOMEM;
}

static int line_of(const yaml_event_t *e) { return (int)e->start_mark.line + 1; }
static int col_of(const yaml_event_t *e) { return (int)e->start_mark.column + 1; }

/* Line and column of byte `off`. */
static void locate(const char *text, size_t off, int *line, int *col)
{
    *line = *col = 1;
    for (size_t i = 0; i < off; i++) {
        if (text[i] == '\n') {
            ++*line;
            *col = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            ++*col;
        }
    }
}

static int check_text(struct builder *b, const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_char(text + i, len - i, NULL);
        if (n > 0 && text[i] != 0) continue;
        int line, col;
        locate(text, i, &line, &col);
        return fail_mark(b, line, col, "not a text file (%s)", n ? "NUL byte" : "invalid UTF-8");
    }
    return 0;
}

static int syntax_error(struct builder *b, const yaml_parser_t *p, const char *text, size_t len)
{
    int line = (int)p->problem_mark.line + 1, col = (int)p->problem_mark.column + 1;
    const char *problem = p->problem ? p->problem : "syntax error";
    if (p->error == YAML_MEMORY_ERROR) return no_memory(b);
    if (p->error == YAML_READER_ERROR) locate(text, p->problem_offset < len ? p->problem_offset : len, &line, &col);
    if (!p->context) return fail_mark(b, line, col, "YAML: %s", problem);
    return fail_mark(b, line, col, "YAML: %s (%s from line %d, column %d)", problem, p->context,
                     (int)p->context_mark.line + 1, (int)p->context_mark.column + 1);
}

static struct node *new_node(struct builder *b, const yaml_event_t *e, enum node_kind kind)
{
    struct node *n = pool_alloc(b->pool, sizeof *n);
    if (n) *n = (struct node){ .kind = (uint8_t)kind, .height = 1, .weight = 1, .line = line_of(e), .col = col_of(e) };
    return n;
}

/* Hands a finished node to its parent, or makes it the root. */
static int finish(struct builder *b, const yaml_event_t *e, struct node *n)
{
    if (b->depth + n->height > YAML_MAX_DEPTH)
        return fail_mark(b, line_of(e), col_of(e), "nested deeper than %d", YAML_MAX_DEPTH);
    if (b->nchild == b->room) {
        const uint32_t room = b->room ? b->room * 2 : 64;
        struct node **more = realloc(b->child, room * sizeof *more);
        if (!more) return no_memory(b);
        b->child = more;
        b->room = room;
    }
    assert(b->child);
    b->child[b->nchild++] = n;
    return 0;
}

static int count_nodes(struct builder *b, const yaml_event_t *e, uint32_t n)
{
    b->total += n;
    if (b->total <= YAML_MAX_NODES) return 0;
    return fail_mark(b, line_of(e), col_of(e), "more than %d YAML nodes (an alias counts as all it stands for)",
                     YAML_MAX_NODES);
}

static int add_anchor(struct builder *b, const yaml_event_t *e, const yaml_char_t *name, struct node *n,
                      struct anchor **out)
{
    *out = NULL;
    if (!name) return 0;
    if (++b->nanchor > YAML_MAX_ANCHORS)
        return fail_mark(b, line_of(e), col_of(e), "more than %d anchors", YAML_MAX_ANCHORS);
    struct anchor *a = pool_alloc(b->pool, sizeof *a);
    char *copy = pool_text(b->pool, (const char *)name, strlen((const char *)name));
    if (!a || !copy) return no_memory(b);
    *a = (struct anchor){ .name = copy, .node = n, .open = true, .next = b->anchor };
    *out = b->anchor = a;
    return 0;
}

static int on_tag(struct builder *b, const yaml_event_t *e, const yaml_char_t *tag)
{
    char q[QUOTE_LEN];
    if (!tag || strcmp((const char *)tag, "!") == 0) return 0;
    return fail_mark(b, line_of(e), col_of(e), "YAML tag %s is not supported",
                     quote(q, (const char *)tag, strlen((const char *)tag)));
}

static int on_scalar(struct builder *b, const yaml_event_t *e)
{
    const char *value = (const char *)e->data.scalar.value;
    const size_t len = e->data.scalar.length, columns = e->end_mark.column - e->start_mark.column;
    struct node *n = new_node(b, e, NODE_TEXT);
    struct anchor *a = NULL;
    int rc = on_tag(b, e, e->data.scalar.tag);
    if (rc == 0) rc = count_nodes(b, e, 1);
    if (rc) return rc;
    if (memchr(value, 0, len)) return fail_mark(b, line_of(e), col_of(e), "text must not contain a NUL character");
    char *copy = pool_text(b->pool, value, len);
    if (!n || !copy) return no_memory(b);
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->inset = n->quoted;
    /* Escapes, line breaks and block styles: the place of a character is not the place in the file. */
    if (e->end_mark.line != e->start_mark.line || columns != len + 2u * n->inset) n->inset = INSET_UNKNOWN;
    n->n = (uint32_t)len;
    n->u.text = copy;
    if ((rc = add_anchor(b, e, e->data.scalar.anchor, n, &a))) return rc;
    if (a) a->open = false;
    return finish(b, e, n);
}

static int on_alias(struct builder *b, const yaml_event_t *e)
{
    const char *name = (const char *)e->data.alias.anchor;
    char q[QUOTE_LEN];
    const struct anchor *a = b->anchor;
    while (a && strcmp(a->name, name) != 0) a = a->next;
    if (!a) return fail_mark(b, line_of(e), col_of(e), "alias of an unknown anchor %s", quote(q, name, strlen(name)));
    if (a->open) return fail_mark(b, line_of(e), col_of(e), "anchor %s contains itself", quote(q, name, strlen(name)));
    const int rc = count_nodes(b, e, a->node->weight);
    return rc ? rc : finish(b, e, a->node);
}

static int on_start(struct builder *b, const yaml_event_t *e, enum node_kind kind, const yaml_char_t *anchor,
                    const yaml_char_t *tag)
{
    int rc = on_tag(b, e, tag);
    if (rc == 0) rc = count_nodes(b, e, 1);
    if (rc) return rc;
    if (b->depth == YAML_MAX_DEPTH)
        return fail_mark(b, line_of(e), col_of(e), "nested deeper than %d", YAML_MAX_DEPTH);
    struct level *l = &b->level[b->depth++];
    *l = (struct level){ .node = new_node(b, e, kind), .first = b->nchild };
    return l->node ? add_anchor(b, e, anchor, l->node, &l->anchor) : no_memory(b);
}

static int fill_map(struct builder *b, struct node *map, struct node *const *child, uint32_t n)
{
    char q[QUOTE_LEN];
    if (n / 2 > YAML_MAX_KEYS) return fail_mark(b, map->line, map->col, "more than %d keys in one map", YAML_MAX_KEYS);
    struct pair *pair = pool_alloc(b->pool, n / 2 * sizeof *pair);
    if (!pair) return no_memory(b);
    for (uint32_t i = 0; i < n / 2; i++) {
        struct node *key = child[2 * i];
        if (key->kind != NODE_TEXT) return fail_mark(b, key->line, key->col, "a key must be a name");
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(pair[k].key->u.text, key->u.text) != 0) continue;
            return fail_mark(b, key->line, key->col, "key %s is given twice, first on line %d",
                             quote(q, key->u.text, key->n), pair[k].key->line);
        }
        pair[i] = (struct pair){ key, child[2 * i + 1] };
    }
    map->u.pair = pair;
    map->n = n / 2;
    return 0;
}

static int on_end(struct builder *b, const yaml_event_t *e)
{
    const struct level *l = &b->level[--b->depth];
    struct node *const *child = b->child ? b->child + l->first : NULL, *n = l->node;    /* NULL: no node had a child yet */
    const uint32_t nchild = b->nchild - l->first;
    assert(n && (child || nchild == 0));
    for (uint32_t i = 0; i < nchild; i++) {
        n->weight += child[i]->weight;
        if (child[i]->height >= n->height) n->height = (uint8_t)(child[i]->height + 1);
    }
    if (n->kind == NODE_MAP) {
        const int rc = fill_map(b, n, child, nchild);
        if (rc) return rc;
    } else {
        struct node **item = pool_alloc(b->pool, nchild * sizeof *item);
        if (!item) return no_memory(b);
        if (nchild) memcpy(item, child, nchild * sizeof *item);
        n->u.item = item;
        n->n = nchild;
    }
    if (l->anchor) l->anchor->open = false;
    b->nchild = l->first;
    return finish(b, e, n);
}

static int on_event(struct builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT: return on_scalar(b, e);
    case YAML_ALIAS_EVENT:  return on_alias(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, e, NODE_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, e, NODE_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT: case YAML_MAPPING_END_EVENT: return on_end(b, e);
    case YAML_DOCUMENT_START_EVENT:
        if (b->nchild) return fail_mark(b, line_of(e), col_of(e), "a second YAML document: a suite is one document");
        return 0;
    default: return 0;
    }
}

int yaml_tree(struct pool *pool, const char *shown, const char *text, size_t len, struct node **root,
              char *err, size_t errlen)
{
    struct builder b = { .pool = pool, .shown = shown, .err = err, .errlen = errlen };
    yaml_parser_t parser;
    *root = NULL;
    if (!yaml_parser_initialize(&parser)) return no_memory(&b);
    int rc = check_text(&b, text, len);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    for (bool end = false; rc == 0 && !end;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&parser, &e)) {
            rc = syntax_error(&b, &parser, text, len);
            break;
        }
        end = e.type == YAML_STREAM_END_EVENT;
        rc = on_event(&b, &e);
        yaml_event_delete(&e);
    }
    if (rc == 0 && (b.nchild == 0 || (b.child[0]->kind == NODE_TEXT && b.child[0]->n == 0)))
        rc = fail_mark(&b, 1, 1, "the file is empty");
    if (rc == 0) *root = b.child[0];
    yaml_parser_delete(&parser);
    free(b.child);
    return rc;
}

struct node *map_get(const struct node *map, const char *key)
{
    for (uint32_t i = 0; map && i < map->n; i++)
        if (strcmp(map->u.pair[i].key->u.text, key) == 0) return map->u.pair[i].value;
    return NULL;
}
