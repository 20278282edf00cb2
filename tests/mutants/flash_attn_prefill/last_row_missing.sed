# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The last query row of a head is never written.
/^        if (align_Q || row < rows)$/s/align_Q || row < rows/row + 1u < rows/
s/if (align_Q || ty + r \* TQ < rows)/if (ty + r * TQ + 1u < rows)/
/store_o_as(enum/,/^}/s/i < t->rows; i++/i + (t->q0 + t->rows == t->p->seq_len_q) < t->rows; i++/
