# file: aura_flash_p1.cl aura_flash_p1.comp
# Weights of the step before count once more.
s/j < min((uint)WG, end - first)/j < WG/; s/j < min(WG, end - first)/j < WG/; s/value\[t\] = valid ? \(.*\) : 0.0f*;/if (valid) value[t] = \1;/; s/weight\[t\] = valid ? \(.*\) : 0.0f*;/if (valid) weight[t] = \1;/
