# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_vectors.h
# The scores leave out the last 16 bytes of each row; on the CPU the last operand.
s/t < WG ? U : 0/t < WG ? U - 1 : 0/
s/uint u = 0; u < U; u++/uint u = 0; u < U - 1; u++/
s/int64_t x = 0; x < len; x++/int64_t x = 0; x < len - 1; x++/
