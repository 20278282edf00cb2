# file: fwht.cl fwht.comp
# The last coordinate keeps its input.
s/live \&\& j < DIM/live \&\& j + 1u < DIM/
