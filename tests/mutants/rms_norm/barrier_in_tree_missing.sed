# file: rms_norm.cl rms_norm.comp
# The levels of the tree reduction do not wait for each other.
/^        barrier(.*);$/d
