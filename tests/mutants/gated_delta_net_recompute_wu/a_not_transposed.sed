# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# Rows and columns of A are swapped.
s/const uint i = n \/ CHUNK \* 4, j = n % CHUNK/const uint i = n % 16 * 4, j = n \/ 16/; s/cell = A + ((t0 + i) \* p.v_heads + h) \* CHUNK + j/cell = A + ((t0 + j) * p.v_heads + h) * CHUNK + i/; s/cell = ((t0 + i) \* p.v_heads + h) \* CHUNK + j/cell = ((t0 + j) * p.v_heads + h) * CHUNK + i/; s/step = p.v_heads \* CHUNK/step = 1/
