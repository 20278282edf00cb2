# file: fwht.cl fwht.comp fwht_cpu_body.h
# The product by 1 / sqrt(DIM) is left out.
s/ \* TQ_INV_SQRT;/;/
s/ \* tq_inv_sqrt;/;/
s/tq_inv_sqrt(dim)/1/
