# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# The signs are applied before the transform, as in premult.
s/row\[u\] = attend_merge_columns\(.*\);/row[u] = attend_merge_columns\1 * (float4)(tq_signed(1, 4 * u), tq_signed(1, 4 * u + 1), tq_signed(1, 4 * u + 2), tq_signed(1, 4 * u + 3));/; s/= tq_signed(x\[c\] \* TQ_INV_SQRT, c)/= x[c] * TQ_INV_SQRT/
s/x\[4 \* u\( + [123]\)\{0,1\}\] = \(y\.[xyzw]\);/x[4 * u\1] = tq_signed(\2, 4 * u\1);/; s/tq_signed(x\[\([^]]*\)\] \* tq_inv_sqrt, [^)]*)/(x[\1] * tq_inv_sqrt)/
/tq_flip_signs/d; s/^\( *\)tq_fwht(out/\1tq_flip_signs(out + r * dim, dim);\n\1tq_fwht(out/
