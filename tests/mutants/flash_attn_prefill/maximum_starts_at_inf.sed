# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# The running maximum starts at -inf, so that a blocked tile gives exp2(-inf - -inf).
s/#define NEG_BIG -1\.7014117e38f/#define NEG_BIG -INFINITY/
s/float NEG_BIG = -1\.7014117e38;/float NEG_BIG = -1.0 \/ 0.0;/
s/NEG_BIG = -0x1.fffffep126f/NEG_BIG = -INFINITY/
