# file: fwht.cl fwht.comp fwht_cpu_body.h
# 1 / sqrt(DIM) off by half a millionth.
s/TQ_INV_SQRT;/TQ_INV_SQRT * 1.0000005f;/
s/tq_inv_sqrt;/tq_inv_sqrt * 1.0000005;/
s/tq_inv_sqrt(dim)/tq_inv_sqrt(dim) * 1.0000005f/
