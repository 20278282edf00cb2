# file: aura_score.cl
# Tokens past the last are written.  On Vulkan the device drops the
# write or the row is written over: not for the .comp file.
s/if (token >= p.tokens) return/if (token > p.tokens) return/
