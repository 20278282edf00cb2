# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# The keys do not decay.
s/if (keys) s \*= decay\[j\];//; s/ \* scale\[j\] \* decay\[j\]/ * scale[j]/
