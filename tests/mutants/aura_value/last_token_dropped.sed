# file: aura_value.cl aura_value.comp
# The last token is left out.
s/i < p.tokens \&\&/i + 1 < p.tokens \&\&/
