# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# Every head has a mask of its own.
s/mask_base = q \* n/mask_base = min(row, p.seq_q - 1) * n/
s/(row \* n, q \* n, n)/(row * n, min(row, p.seq_q - 1) * n, n)/
s/r % p->seq_q \* n/(r < p->seq_q ? r : p->seq_q - 1) * n/
