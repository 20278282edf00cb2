# file: flash_attn_prefill.cl flash_attn_prefill.comp
# The scores leave out the last 16 bytes of each row.
s/t < WG ? U : 0/t < WG ? U - 1 : 0/
s/uint u = 0; u < U; u++/uint u = 0; u < U - 1; u++/
