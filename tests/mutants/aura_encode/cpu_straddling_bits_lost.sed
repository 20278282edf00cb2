# file: aura_encode_cpu_body.h
# The high bits of a code that straddles words are lost.
s/held >>= 32;/held = 0;/
