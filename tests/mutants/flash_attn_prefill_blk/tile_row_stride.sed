# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp flash_attn_prefill_blk_cpu.c
# Rows of the result are one tile too short; on the CPU where the right edge cuts one.
s/(uint)get_num_groups(0)/& - 1/
s/gl_NumWorkGroups\.x/& - 1/
s/+ qt \* nk;/+ qt * whole;/
