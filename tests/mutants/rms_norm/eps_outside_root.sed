# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# eps is added to the root, as some definitions have it.
s|rsqrt(part\[0\] / (float)p\.dim + p\.eps)|1.0f / (sqrt(part[0] / (float)p.dim) + p.eps)|
s|inversesqrt(\([a-z]*\(\[0\]\)*\) / float(p\.dim) + p\.eps)|1.0 / (sqrt(\1 / float(p.dim)) + p.eps)|
s|1 / sqrtf(\(.*\) + p->eps);|1 / (sqrtf(\1) + p->eps);|
