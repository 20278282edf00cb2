# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The output starts with what registers or working memory happen to hold: here a NaN, on the CPU what the item before left.
s/st\.o\[i\] = 0\.0f/st.o[i] = NAN/
s/o\[i\] = vec4(0);/o[i] = vec4(uintBitsToFloat(0x7fc00000u));/
/memset(t->o, 0/d
