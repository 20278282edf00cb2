# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# The kernel that reads its parameters takes a mask per head for none.
s/\(define has_mask .*\)p\.mask != 0/\1p.mask == 2/
