# file: aura_value_cpu_body.h
# The row is decoded for the first token only.
s/bool decoded = false;/bool decoded = t > 0;/
