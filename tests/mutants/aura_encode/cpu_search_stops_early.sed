# file: aura_encode_cpu_body.h
# The last step of the search is left out.
s/step > 0; step/step > 1; step/
