/* The op tables: look-ups over what is linked, and one planted fault of each kind that ops_check must find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/ops.h"
#include "tests/unit/toy_op.h"
#include <string.h>

static char err[MXB_ERRLEN];

static void test_linked_ops(void **state)
{
    (void)state;
    assert_true(ops_count() > 0);
    assert_null(ops_get(ops_count()));
    assert_null(ops_find("no_such_op"));
    for (uint32_t i = 0; i < ops_count(); i++) {
        const struct mxb_op *op = ops_get(i), *owner = NULL;
        if (ops_check(op, err, sizeof err) != 0)
            fail_msg("%s", err);
        assert_true(i == 0 || strcmp(ops_get(i - 1)->name, op->name) < 0);
        assert_ptr_equal(ops_find(op->name), op);
        assert_null(ops_entry(op, "no_such_entry"));
        for (uint32_t e = 0; e < op->nentry; e++) {      /* no entry belongs to two ops */
            assert_ptr_equal(ops_entry(op, op->entry[e].name), &op->entry[e]);
            assert_ptr_equal(ops_find_entry(op->entry[e].name, &owner), &op->entry[e]);
            assert_ptr_equal(owner, op);
        }
    }
    const struct mxb_op *untouched = &toy_op;
    assert_null(ops_find_entry("no_such_entry", &untouched));
    assert_ptr_equal(untouched, &toy_op);
}

static void test_defaults(void **state)
{
    (void)state;
    struct toy_params p;
    memset(&p, 0xAA, sizeof p);
    ops_defaults(&toy_op, &p);
    assert_true(p.rows == 8 && p.depth == 16 && p.bias == 0 && p.scale == 0.1f && p.shift == -1 && p.mode == 1);
}

/* A copy of the toy op with every table writable. */
struct copy {
    struct mxb_op op;
    struct mxb_param param[MXB_COUNT(toy_param)];
    struct mxb_tensor tensor[TOY_NTENSOR];
    struct mxb_entry entry[MXB_COUNT(toy_entry)];
    struct mxb_impl impl[2];
    struct mxb_tile tile[2];
    struct mxb_const consts[2];
    struct mxb_limit limit[1];
    struct mxb_kernel cpu[1], gpu[2];
};

static void copy_toy(struct copy *c)
{
    c->op = toy_op;
    memcpy(c->param, toy_param, sizeof c->param);
    memcpy(c->tensor, toy_tensor, sizeof c->tensor);
    memcpy(c->entry, toy_entry, sizeof c->entry);
    memcpy(c->impl, toy_impl, sizeof c->impl);
    memcpy(c->tile, toy_tile, sizeof c->tile);
    memcpy(c->consts, toy_const, sizeof c->consts);
    memcpy(c->limit, toy_limit, sizeof c->limit);
    memcpy(c->cpu, toy_cpu_kernel, sizeof c->cpu);
    memcpy(c->gpu, toy_gpu_kernel, sizeof c->gpu);
    c->op.param = c->param;
    c->op.tensor = c->tensor;
    c->op.entry = c->entry;
    c->op.impl = c->impl;
    c->impl[0].kernel = c->cpu;
    c->impl[1].kernel = c->gpu;
    c->impl[1].limit = c->limit;
    for (int i = 0; i < 2; i++) {
        c->impl[i].tile = c->tile;
        c->impl[i].consts = c->consts;
    }
}

/* Runs ops_check on a copy after `plant`, and wants a fault whose text holds `say`. */
#define FAULT(say, plant) do { \
        struct copy c; \
        copy_toy(&c); \
        plant; \
        err[0] = 0; \
        assert_int_equal(ops_check(&c.op, err, sizeof err), MXB_EINVAL); \
        if (!strstr(err, "op ") || !strstr(err, say)) \
            fail_msg("'%s' does not say '%s'", err, say); \
    } while (0)

static void test_healthy_copy(void **state)
{
    (void)state;
    struct copy c;
    copy_toy(&c);
    if (ops_check(&c.op, err, sizeof err) != 0)
        fail_msg("%s", err);
}

static void test_frame_faults(void **state)
{
    (void)state;
    FAULT("ABI", c.op.abi = 99);
    FAULT("identifiers", c.op.name = "rms norm");
    FAULT("identifiers", c.op.family = NULL);
    FAULT("must be given", c.op.reference = NULL);
    FAULT("must be given", c.op.items = NULL);
    FAULT("must be given", c.op.flops = NULL);
    FAULT("entries", c.op.nentry = 0);
    FAULT("tensors", c.op.ntensor = 17);
    FAULT("24 bytes", c.op.nparam = 5);
    FAULT("fills 0x0", c.op.fills = 0);
    FAULT("fills 0x20", c.op.fills = 1u << MXB_NFILL);
    FAULT("def_version 0", c.op.def_version = 0);
}

static void test_param_faults(void **state)
{
    (void)state;
    FAULT("parameter depth: at byte 8, not 4", c.param[1].off = 8);
    FAULT("outside 1..1e+09", c.param[0].def = 0);
    FAULT("outside", c.param[0].def = NAN);
    FAULT("32 bits", c.param[0].max = 5e9);
    FAULT("32 bits", c.param[0].min = -1);
    FAULT("declared twice", c.param[1].name = "rows");
    FAULT("bad name", c.param[2].name = "has-bias");
    FAULT("bad name", c.param[2].type = 'x');
    FAULT("bad name", c.param[2].name = "a_name_of_more_than_thirty_one_letters");
    FAULT("2 value names", c.param[5].names = "none rank2");
    FAULT("1 value names", c.param[0].names = "many");
}

static void test_tensor_faults(void **state)
{
    (void)state;
    FAULT("'rowz'", c.tensor[TOY_A].shape = "rowz,depth");
    FAULT("tensor a, dimension 1", c.tensor[TOY_A].shape = "rows,depth/0");
    FAULT("tensor bias", c.tensor[TOY_BIAS].shape = "missing");      /* absent by default, and still checked */
    FAULT("presence", c.tensor[TOY_BIAS].present = "bias &&");
    FAULT("no shape", c.tensor[TOY_A].shape = "");
    FAULT("declared twice", c.tensor[TOY_B].name = "a");
    FAULT("dtype 9", c.tensor[TOY_B].dtype = 9);
    FAULT("without a generator", (c.tensor[TOY_A].gen = MXB_GEN_NONE, c.op.generate = NULL));
    FAULT("does not divide", c.tensor[TOY_COUNT].shape = "rows+1,3");
    FAULT("items", c.op.items = "rowz");
    FAULT("no output", (c.tensor[TOY_Y].role = c.tensor[TOY_COUNT].role = c.tensor[TOY_STATE].role = MXB_IN));
    FAULT("more than 8 dimensions", c.tensor[TOY_A].shape = "1,1,1,1,1,1,1,1,1");
    FAULT("SPLITS", c.tensor[TOY_SCRATCH].shape = "rows*SPLITS");
}

static void test_entry_faults(void **state)
{
    (void)state;
    FAULT("not a C identifier", c.entry[1].name = "toy|1");
    FAULT("not a C identifier", c.entry[1].name = "toy#1");
    FAULT("not a C identifier", c.entry[1].name = "2toy");
    FAULT("not a C identifier", c.entry[1].name = "");
    FAULT("declared twice", c.entry[1].name = "toy_f32");
    FAULT("constants 'BD:3'", c.entry[1].consts = "BD:3");
    FAULT("bad name", c.entry[1].consts = "WIDE=1 DTYPE=2");
    FAULT("also a parameter", c.entry[1].consts = "WIDE=1 rows=2");
    FAULT("dtype", c.entry[1].dt[2] = MXB_NDTYPE);
    FAULT("entry toy_f32 with default parameters: Invalid argument: rows = 9 is odd", c.param[0].def = 9);
}

static void test_impl_faults(void **state)
{
    (void)state;
    FAULT("tile WG has id 999", c.tile[1].id = 999);
    FAULT("tile id 1000 is used twice", c.tile[1].id = 1000);
    FAULT("constant HAS_BIAS has id 1000", c.consts[0].id = 1000);
    FAULT("constant id 200 is used twice", c.consts[0].id = 200);
    FAULT("type 'f'", c.consts[0].type = 'f');
    FAULT("hides another name", c.tile[0].name = "rows");
    FAULT("hides another name", c.consts[0].name = "SPLIT");
    FAULT("hides another name", (c.consts[0].name = "bias", c.consts[0].value = "1 - bias"));
    FAULT("hides another name", (c.tile[0].name = "rows", c.tile[0].def = "rows"));
    FAULT("choice '2x'", c.tile[0].choices = "1 2x 4");
    FAULT("constant SPLIT 'rowz'", c.tile[0].def = "rowz");
    FAULT("constant ALIGNED", c.consts[1].value = "rows % (SPLIT - 4)");
    FAULT("limit 'lds > 1'", c.limit[0].expr = "lds > 1");
    FAULT("without expression or reason", c.limit[0].reason = NULL);
    FAULT("bind 'z' is not a tensor", c.gpu[1].bind = "scratch z");
    FAULT("grid 'rows-8' is 0", c.gpu[1].grid[1] = "rows-8");
    FAULT("local 'WGS'", c.gpu[0].local[0] = "WGS");
    FAULT("local_bytes '4*SPLITS'", c.gpu[0].local_bytes = "4*SPLITS");
    FAULT("scratch_bytes 'rows-9' is -1", c.cpu[0].scratch_bytes = "rows-9");
    FAULT("no C function", c.cpu[0].cpu = NULL);
    FAULT("for another language", c.gpu[0].cpu = toy_cpu);
    FAULT("no source", c.gpu[0].source = NULL);
    FAULT("function name", c.gpu[0].entry = NULL);
    FAULT("'toy_f64' is not an entry", c.impl[1].entries = "toy_f32 toy_f64");
    FAULT("0 kernels", c.impl[1].nkernel = 0);
    FAULT("no language", c.impl[1].lang = NULL);
    FAULT("bad name", c.tile[0].name = "DTYPE2");
    char many[32 * MXB_MAX_SPEC] = "WIDE=0";         /* with 3 dtypes, 2 constants and 1 tile: one too many */
    for (int i = 0; i < MXB_MAX_SPEC - 6; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), " A%d=1", i);
    FAULT("constants, at most", c.entry[0].consts = many);
    many[strlen(many) - strlen(" A17=1")] = 0;
    struct copy fits;
    copy_toy(&fits);
    fits.entry[0].consts = many;
    fits.consts[0].name = "bias";    /* a parameter handed on as a constant of the same name */
    assert_int_equal(ops_check(&fits.op, err, sizeof err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linked_ops), cmocka_unit_test(test_defaults), cmocka_unit_test(test_healthy_copy),
        cmocka_unit_test(test_frame_faults), cmocka_unit_test(test_param_faults), cmocka_unit_test(test_tensor_faults),
        cmocka_unit_test(test_entry_faults), cmocka_unit_test(test_impl_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
