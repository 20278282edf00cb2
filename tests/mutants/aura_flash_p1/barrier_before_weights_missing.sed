# file: aura_flash_p1.comp
# Weights are read while others are written.  PoCL shows no difference: not for the .cl file.
/value\[t\] = /{n;d}
