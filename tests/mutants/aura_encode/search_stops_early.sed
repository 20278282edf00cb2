# file: aura_encode.cl aura_encode.comp
# The last step of the search is left out.
s/> 0; step \/= 2/> 1; step \/= 2/; s/> 0; s \/= 2/> 1; s \/= 2/
