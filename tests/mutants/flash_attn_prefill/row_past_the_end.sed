# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# One row too many is written where the last query tile is not full.
/^        if (align_Q || row < rows)$/s/row < rows/row <= rows/
s/if (align_Q || ty + r \* TQ < rows)/if (align_Q || ty + r * TQ <= rows)/
/store_o_as(enum/,/^}/s/i < t->rows; i++/i < t->rows + 1; i++/
