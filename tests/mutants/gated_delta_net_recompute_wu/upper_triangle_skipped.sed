# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# Cells of A above the diagonal block are taken as zero.
s/for (uint j = 0; j < CHUNK; j++) {/for (uint j = 0; j < min(CHUNK, (ty + 1) * 4 + 4 * TY * (R4 - 1)); j++) {/
