/* Who computes an entry of a case, and with which tiles: backends, implementations and their share of the tile axes. */
#include <string.h>
#include "harness/sweep.h"
#include "harness/text.h"

static const char *const langs[NBACKEND_BUILTIN] = { "c", "cl", "comp" };

static uint32_t tile_mask(const struct case_spec *c, const struct mxb_impl *impl)
{
    uint32_t mask = 0;
    for (uint32_t a = 0; a < c->ntile; a++)
        for (uint32_t t = 0; t < impl->ntile; t++)
            if (strcmp(impl->tile[t].name, c->tile[a].name) == 0) mask |= 1u << a;
    return mask;
}

void sweep_tile(const struct case_spec *c, uint32_t t, uint32_t index[SUITE_MAX_TILE])
{
    for (uint32_t a = c->ntile; a-- > 0; t /= c->tile[a].n) index[a] = t % c->tile[a].n;
}

static int append_tiles(struct sweep *s, struct tile_set *set)
{
    struct case_list *list = s->l->list;
    const struct case_spec *c = s->c;
    if (set->ncol == 0) return 0;
    void *more = load_grow(s->l, list->tile, &s->l->room_tile, list->ntile + set->n * set->ncol, sizeof *list->tile);
    if (!more) return MXB_ENOMEM;
    list->tile = more;
    set->base = list->ntile;
    for (uint32_t i = 0; i < set->n; i++) {
        uint32_t rest = i, at = list->ntile + set->ncol;
        for (uint32_t a = c->ntile; a-- > 0;) {
            if (!(set->mask >> a & 1)) continue;
            list->tile[--at] = (struct tile_value){ c->tile[a].name, c->tile[a].v[rest % c->tile[a].n] };
            rest /= c->tile[a].n;
        }
        list->ntile += set->ncol;
    }
    return 0;
}

static int find_set(struct sweep *s, uint32_t mask, struct tile_set **out)
{
    const struct case_spec *c = s->c;
    for (*out = s->sets; *out; *out = (*out)->next)
        if ((*out)->mask == mask) return 0;
    struct tile_set *set = *out = pool_alloc(&s->r->scratch, sizeof *set);
    if (!set) return fail_memory(s->r);
    *set = (struct tile_set){ .mask = mask, .n = 1, .next = s->sets };
    for (uint32_t a = 0; a < c->ntile; a++) {
        if (!(mask >> a & 1)) continue;
        set->n *= c->tile[a].n;
        set->ncol++;
    }
    s->sets = set;
    if (s->where_tiles) {
        set->of = pool_alloc(&s->r->scratch, s->ntile * sizeof *set->of);
        set->keep = pool_alloc(&s->r->scratch, set->n);
        if (!set->of || !set->keep) return fail_memory(s->r);
        for (uint32_t t = 0; t < s->ntile; t++) {
            uint32_t index[SUITE_MAX_TILE];
            sweep_tile(c, t, index);
            for (uint32_t a = 0; a < c->ntile; a++)
                if (mask >> a & 1) set->of[t] = set->of[t] * c->tile[a].n + index[a];
        }
    }
    return append_tiles(s, set);
}

static int add_target(struct sweep *s, int backend, int impl, uint32_t mask)
{
    struct target *t = &s->target[s->ntarget++];
    *t = (struct target){ .backend = (uint8_t)backend, .impl = (int16_t)impl };
    return find_set(s, mask, &t->tiles);
}

/* A language without any implementation of it still gets one case, so that the run reports it as unimplemented. */
int sweep_targets(struct sweep *s)
{
    const struct case_spec *c = s->c;
    s->ntarget = 0;
    for (int b = 0; b < NBACKEND_BUILTIN; b++) {
        uint32_t any = 0, mask = 0;
        for (uint32_t k = 0; k < s->op->nimpl && (c->backends >> b & 1); k++) {
            const struct mxb_impl *impl = &s->op->impl[k];
            if (!text_has_word(impl->lang, langs[b]) || (impl->entries && !text_has_word(impl->entries, s->entry->name)))
                continue;
            any++;
            mask |= tile_mask(c, impl);
            if (c->impl_auto || (c->impl && !c->impl[k])) continue;
            const int rc = add_target(s, b, (int)k, tile_mask(c, impl));
            if (rc) return rc;
        }
        if (!(c->backends >> b & 1) || !(c->impl_auto || (!c->impl && any == 0))) continue;
        const int rc = add_target(s, b, -1, mask);
        if (rc) return rc;
    }
    return 0;
}
