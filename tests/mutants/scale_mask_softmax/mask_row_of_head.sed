# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# Every head has a mask of its own.
s/row % p.seq_q \* n/min(row, p.seq_q - 1) * n/
s/r % p->seq_q \* n/(r < p->seq_q ? r : p->seq_q - 1) * n/
