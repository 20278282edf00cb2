# file: rms_norm.cl rms_norm.comp
# The tree reduction leaves out its last level.
s|k > 0; k /= 2|k > 1; k /= 2|
