# file: aura_dequant_rotated_cpu_body.h
# Rows begin at half words.
s/code_words(dim, w->table.bits)/(dim * w->table.bits \/ 32)/
