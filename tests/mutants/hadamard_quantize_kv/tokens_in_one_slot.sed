# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# Every token goes to the first one's slot.
s/p\.write_pos + token/p.write_pos/
s/(uint64_t)p->write_pos + (uint64_t)token/p->write_pos + 0 * (uint64_t)token/
