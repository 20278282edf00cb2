/* SPIR-V to compute pipelines: checks, layouts shared per (bindings, push bytes), specialisation constants. */
#include "vk_internal.h"
#include <stdlib.h>
#include <string.h>

enum { SPIRV_MAGIC = 0x07230203, SPIRV_HEADER_WORDS = 5, OP_ENTRY_POINT = 15, MODEL_GL_COMPUTE = 5 };

/* Words of an OpEntryPoint: opcode, execution model, function id, name (padded with NUL), interface. */
static bool is_compute_main(const uint32_t *op, uint32_t words)
{
    return (op[0] & 0xffff) == OP_ENTRY_POINT && words >= 5 && op[1] == MODEL_GL_COMPUTE &&
           memcmp(op + 3, "main\0\0\0", 8) == 0;
}

/* Drivers trust their input: garbage may crash them.  Returns what is wrong, NULL if the module is well framed. */
static const char *spirv_fault(const uint32_t *code, size_t bytes)
{
    const size_t words = bytes / 4;
    if (bytes % 4 != 0 || words <= SPIRV_HEADER_WORDS) {
        return "not SPIR-V: wrong size";
    }
    if (code[0] != SPIRV_MAGIC) {
        return "not SPIR-V: wrong magic number";
    }
    bool found = false;
    for (size_t i = SPIRV_HEADER_WORDS, n; i < words; i += n) {
        n = code[i] >> 16;
        if (n == 0 || n > words - i) {
            return "broken SPIR-V: an instruction runs past the end";
        }
        found = found || is_compute_main(code + i, (uint32_t)n);
    }
    return found ? NULL : "SPIR-V without a compute entry point \"main\"";
}

static int check_shader(struct device *d, const struct mxb_shader *s)
{
    const struct mxb_caps *c = &d->gpu.caps;
    if (!s->code || s->nbind > MXB_MAX_BIND || s->nspec > MXB_MAX_SPEC || s->push_bytes > MXB_MAX_PUSH ||
        s->push_bytes % 4 != 0) {
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: shader '%s': %u bindings, %u constants, %u push bytes",
                        s->label, s->nbind, s->nspec, s->push_bytes);
    }
    if (s->nbind > c->max_bind) {
        return mxb_fail(&d->base, MXB_EUNSUP, "needs %u storage buffers, the device has %u", s->nbind, c->max_bind);
    }
    uint64_t items = 1;
    for (int i = 0; i < 3; i++) {
        items *= s->local[i];
        if (s->local[i] > c->max_wg_dim[i] || items > c->max_wg) {
            return mxb_fail(&d->base, MXB_EUNSUP,
                            "workgroup of %u x %u x %u, the device has at most %u x %u x %u and %u in all",
                            s->local[0], s->local[1], s->local[2], c->max_wg_dim[0], c->max_wg_dim[1], c->max_wg_dim[2],
                            c->max_wg);
        }
    }
    return MXB_OK;
}

static VkResult get_set_layout(struct device *d, uint32_t nbind, VkDescriptorSetLayout *out)
{
    VkResult r = VK_SUCCESS;
    if (!d->set_layout[nbind]) {
        VkDescriptorSetLayoutBinding b[MXB_MAX_BIND];
        for (uint32_t i = 0; i < nbind; i++) {
            b[i] = (VkDescriptorSetLayoutBinding){
                .binding = i, .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .descriptorCount = 1,
                .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
            };
        }
        const VkDescriptorSetLayoutCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = nbind, .pBindings = b,
        };
        r = d->fn.CreateDescriptorSetLayout(d->handle, &info, NULL, &d->set_layout[nbind]);
    }
    *out = d->set_layout[nbind];
    return r;
}

static VkResult get_layout(struct device *d, uint32_t nbind, uint32_t push_bytes, VkPipelineLayout *out)
{
    VkPipelineLayout *slot = &d->pipe_layout[nbind][push_bytes / 4];
    VkResult r = VK_SUCCESS;
    if (!*slot) {
        VkDescriptorSetLayout set;
        r = get_set_layout(d, nbind, &set);
        if (r != VK_SUCCESS) {
            return r;
        }
        const VkPushConstantRange push = { .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = push_bytes };
        const VkPipelineLayoutCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set,
            .pushConstantRangeCount = push_bytes > 0, .pPushConstantRanges = &push,
        };
        r = d->fn.CreatePipelineLayout(d->handle, &info, NULL, slot);
    }
    *out = *slot;
    return r;
}

static VkResult create_module(struct device *d, const struct mxb_shader *s, const uint32_t *code, VkShaderModule *out)
{
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = s->code_bytes, .pCode = code,
    };
    VkResult r = d->fn.CreateShaderModule(d->handle, &info, NULL, out);
    if (r == VK_SUCCESS) {
        vk_set_name(d, VK_OBJECT_TYPE_SHADER_MODULE, (uint64_t)*out, s->label);
    }
    return r;
}

static VkResult create_pipeline(struct device *d, const struct mxb_shader *s, VkShaderModule module, struct mxb_pipe *p)
{
    VkSpecializationMapEntry map[MXB_MAX_SPEC];
    int32_t value[MXB_MAX_SPEC];   /* a bool is a VkBool32, as wide as an int */
    for (uint32_t i = 0; i < s->nspec; i++) {
        map[i] = (VkSpecializationMapEntry){ s->spec[i].id, i * (uint32_t)sizeof *value, sizeof *value };
        value[i] = s->spec[i].type == 'b' ? s->spec[i].value != 0 : s->spec[i].value;
    }
    const VkSpecializationInfo spec = {
        .mapEntryCount = s->nspec, .pMapEntries = map, .dataSize = s->nspec * sizeof *value, .pData = value,
    };
    /* Where the width varies, gl_SubgroupSize must tell the real one and not a nominal one. */
    const bool varying = d->gpu.features.subgroup_size.subgroupSizeControl && d->gpu.caps.sg_min < d->gpu.caps.sg_max;
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .layout = p->layout,
        .stage = {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .flags = varying ? VK_PIPELINE_SHADER_STAGE_CREATE_ALLOW_VARYING_SUBGROUP_SIZE_BIT : 0,
            .module = module, .pName = "main", .pSpecializationInfo = &spec,
        },
    };
    VkResult r = d->fn.CreateComputePipelines(d->handle, d->cache, 1, &info, NULL, &p->handle);
    if (r == VK_SUCCESS) {
        vk_set_name(d, VK_OBJECT_TYPE_PIPELINE, (uint64_t)p->handle, s->label);
    }
    return r;
}

/* What the driver, or the validation layer, has against a shader. */
static int compile_error(struct device *d, const struct mxb_shader *s, const char *step, VkResult r)
{
    const char *result = r != VK_SUCCESS ? vk_result_name(r) : "";
    const char *between = r != VK_SUCCESS && d->message[0] != '\0' ? "; " : "";
    return mxb_fail(&d->base, MXB_ECOMPILE, "ShaderCompilationError: '%s': %s: %s%s%s", s->label, step, result, between,
                    d->message);
}

int vk_compile(struct mxb_dev *base, const struct mxb_shader *s, struct mxb_pipe **out)
{
    struct device *d = (struct device *)base;
    int rc = check_shader(d, s);
    if (rc != MXB_OK) {
        return rc;
    }
    const char *step = "vkCreatePipelineLayout";
    VkResult r = VK_SUCCESS;
    VkShaderModule module = VK_NULL_HANDLE;
    struct mxb_pipe *p = calloc(1, sizeof *p);
    uint32_t *code = malloc(s->code_bytes + 4);   /* embedded bytes need not be aligned, pCode must be */
    if (!p || !code) {
        rc = mxb_fail(base, MXB_ENOMEM, "out of memory: %zu bytes of SPIR-V", s->code_bytes);
        goto out;
    }
    memcpy(code, s->code, s->code_bytes);
    const char *fault = spirv_fault(code, s->code_bytes);
    if (fault) {
        rc = mxb_fail(base, MXB_ECOMPILE, "ShaderCompilationError: '%s': %s", s->label, fault);
        goto out;
    }
    vk_clear_message(d);
    p->nbind = s->nbind;
    p->push_bytes = s->push_bytes;
    r = get_layout(d, s->nbind, s->push_bytes, &p->layout);
    if (r == VK_SUCCESS) {
        step = "vkCreateShaderModule";
        r = create_module(d, s, code, &module);
    }
    /* The layer has then said that the module is invalid: no driver need survive it. */
    if (r == VK_SUCCESS && d->message[0] == '\0') {
        step = "vkCreateComputePipelines";
        r = create_pipeline(d, s, module, p);
    }
    if (r != VK_SUCCESS || d->message[0] != '\0') {
        rc = compile_error(d, s, step, r);
    }
out:
    d->fn.DestroyShaderModule(d->handle, module, NULL);
    free(code);
    if (rc == MXB_OK) {
        *out = p;
    } else {
        vk_destroy(base, p);
    }
    return rc;
}

void vk_destroy(struct mxb_dev *base, struct mxb_pipe *p)
{
    struct device *d = (struct device *)base;
    if (p) {
        d->fn.DestroyPipeline(d->handle, p->handle, NULL);
        free(p);
    }
}
