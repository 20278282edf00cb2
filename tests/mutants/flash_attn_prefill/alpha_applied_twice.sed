# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# With narrow_q the scores are scaled once more.
s/unit = p\.narrow_q\( != 0\)* ? 1\.0f* : alpha/unit = alpha/
s/if (!t->p->narrow_q) {/if (true) {/
