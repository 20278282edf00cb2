# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# The kernel that reads its parameters does not ask for the causal rule.
s/\(define CAUSAL .*\)p\.do_causal != 0/\1false/
