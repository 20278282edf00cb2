# file: scale_mask_softmax.cl scale_mask_softmax.comp
# Rows of a head are taken as if the heads of a query row were neighbours in memory.
s/row = group % heads \* p.seq_q + q/row = group/
