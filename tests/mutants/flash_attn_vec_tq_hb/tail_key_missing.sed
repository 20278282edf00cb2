# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp
# The last slot of a chunk has no value.
s/for (uint j = 0; j < KEYS; j++) {/for (uint j = 0; j + 1 < KEYS; j++) {/
