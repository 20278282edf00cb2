/* Looks up ops and entries in the linked table. */
#include "harness/ops.h"
#include <string.h>

uint32_t ops_count(void)
{
    return linked_op_count;
}

const struct mxb_op *ops_get(uint32_t i)
{
    return i < linked_op_count ? linked_ops[i] : NULL;
}

const struct mxb_op *ops_find(const char *name)
{
    for (uint32_t i = 0; i < ops_count(); i++)
        if (strcmp(ops_get(i)->name, name) == 0)
            return ops_get(i);
    return NULL;
}

const struct mxb_entry *ops_entry(const struct mxb_op *op, const char *name)
{
    for (uint32_t i = 0; i < op->nentry; i++)
        if (strcmp(op->entry[i].name, name) == 0)
            return &op->entry[i];
    return NULL;
}

const struct mxb_entry *ops_find_entry(const char *name, const struct mxb_op **op)
{
    for (uint32_t i = 0; i < ops_count(); i++) {
        const struct mxb_entry *entry = ops_entry(ops_get(i), name);
        if (entry) {
            *op = ops_get(i);
            return entry;
        }
    }
    return NULL;
}

void ops_defaults(const struct mxb_op *op, void *params)
{
    memset(params, 0, op->param_bytes);
    for (uint32_t i = 0; i < op->nparam; i++) {
        const struct mxb_param *p = &op->param[i];
        char *at = (char *)params + p->off;
        const float f = (float)p->def;
        const uint32_t u = p->type == 'i' ? (uint32_t)(int32_t)p->def : (uint32_t)p->def;
        memcpy(at, p->type == 'f' ? (const void *)&f : (const void *)&u, 4);
    }
}
