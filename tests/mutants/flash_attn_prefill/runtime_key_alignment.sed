# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# The kernel that reads its parameters takes ragged keys for aligned ones.
s/\(define align_K .*\)p\.seq_len_k % BK == 0/\1p.seq_len_k % 4 == 0/
