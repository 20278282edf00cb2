# file: aura_encode_cpu_body.h
# The last vector of inputs is not rotated.
/vf acc\[ROWS\]/,/pi =/s/j < dim; j/j + VL < dim; j/
