# file: aura_encode.cl aura_encode.comp
# The high bits of a code that straddles words are lost.
s/? code >> (first - d \* NBITS) :/? 0u :/
