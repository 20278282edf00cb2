# file: flash_attn_prefill.cl flash_attn_prefill.comp
# The kernel that reads its parameters does not ask for the causal rule.
s/\(define CAUSAL .*\)p\.do_causal != 0/\1false/
