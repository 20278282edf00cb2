# file: rms_norm_subgroup.comp
# The last subgroup's sum is lost where there are several.
s|i < gl_NumSubgroups|i < max(gl_NumSubgroups - 1u, 1u)|
