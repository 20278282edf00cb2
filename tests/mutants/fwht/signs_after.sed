# file: fwht.cl fwht.comp fwht_cpu_body.h
# The signs of premult are applied after the transform.
s/MODE == 1 ?/MODE == 3 ?/
s/MODE == 2 ?/MODE != 0 ?/
s/mode == MODE_SIGN_PREMULT/mode == 3/
s/mode == MODE_SIGN_UNDO/mode != MODE_STANDALONE/
