# file: aura_value_cpu_body.h
# The norm is not applied.
s/vf_set1(weight \* norm)/vf_set1(weight)/
