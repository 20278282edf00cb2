# file: aura_encode.cl aura_encode.comp
# The length of the decoded row leaves out the first row's coordinates.
s/squares\[r\] += number \* number/squares[r] = number * number/
