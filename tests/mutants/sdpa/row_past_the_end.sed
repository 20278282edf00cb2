# file: sdpa.cl sdpa.comp
# The rows that a block has too many are written.
s/if (r >= rows || 4 \* u >= d) continue;/if (4 * u >= d) continue;/
s/if (r < rows \&\& 4 \* u < d) store/if (4 * u < d) store/
