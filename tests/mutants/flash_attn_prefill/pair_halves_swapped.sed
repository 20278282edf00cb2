# file: flash_attn_prefill_cpu_pairs.h
# The rows of V come in the wrong halves of their pairs.
s/__builtin_convertvector(first, vu) | __builtin_convertvector(second, vu)/__builtin_convertvector(second, vu) | __builtin_convertvector(first, vu)/
