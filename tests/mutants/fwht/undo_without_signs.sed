# file: fwht.cl fwht.comp fwht_cpu_body.h
# sign_undo forgets the signs.
s/MODE == 2 ?/MODE == 3 ?/
s/mode == MODE_SIGN_UNDO/mode == 3/
