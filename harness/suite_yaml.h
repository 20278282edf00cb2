/* A YAML document as a tree of nodes that know their line and column. */
#ifndef MXB_SUITE_YAML_H
#define MXB_SUITE_YAML_H
#include <stdbool.h>
#include <stdint.h>
#include "harness/suite_pool.h"

enum { YAML_MAX_NODES = 2000000, YAML_MAX_DEPTH = 64, YAML_MAX_KEYS = 64, YAML_MAX_ANCHORS = 1000 };
enum { INSET_UNKNOWN = 255 };
enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
    uint8_t  kind;                   /* enum node_kind */
    uint8_t  height;                 /* 1 = no children */
    uint8_t  inset;                  /* columns from col to the text's first character: 1 = quotes, INSET_UNKNOWN */
    bool     quoted;                 /* text: written as '..', "..", | or > */
    bool     used;                   /* for the reader of the tree */
    int      line, col;              /* 1-based */
    uint32_t n;                      /* bytes of text, items of the list, pairs of the map */
    uint32_t weight;                 /* nodes below and including this one, aliases counted each time */
    union {
        const char *text;            /* UTF-8 without NUL */
        struct node *const *item;
        const struct pair *pair;     /* keys differ and are texts */
    } u;
};
struct pair { struct node *key, *value; };

/* Parses the one document in text[0..len) into nodes of the pool.  Aliases share the node of their anchor.  MXB_EPARSE
 * or MXB_ENOMEM: "shown:line:column: what is wrong" in err. */
int yaml_tree(struct pool *, const char *shown, const char *text, size_t len, struct node **root,
              char *err, size_t errlen);
struct node *map_get(const struct node *map, const char *key);   /* NULL: absent, or map is NULL */
#endif
