# file: rms_norm.cl rms_norm.comp
# The tree reduction leaves out the upper half of the partial sums.
s|k = WG / 2;|k = WG / 4;|
