# file: fwht.cl fwht.comp fwht_cpu_body.h
# 1 / sqrt(256) for every head dimension.
s/TQ_INV_SQRT;/TQ_INV_SQRT_256;/
s/tq_inv_sqrt;/TQ_INV_SQRT_256;/
s/tq_inv_sqrt(dim)/tq_inv_sqrt(256)/
