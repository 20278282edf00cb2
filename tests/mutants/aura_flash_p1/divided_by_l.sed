# file: aura_flash_p1.cl aura_flash_p1.comp
# The output is normalised.
s/STORE(o_partials, \(.*\), o\[c\])/STORE(o_partials, \1, o[c] \/ l)/
