#version 450
// y[i] = (x[i] * mul + add) * (NEGATE ? -1 : 1) + BIAS, for i < n: push constants, both kinds of constants, two bindings.
layout(local_size_x = 64) in;
layout(constant_id = 200) const bool NEGATE = false;
layout(constant_id = 1000) const int BIAS = 0;
layout(set = 0, binding = 0) readonly buffer X { int x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { int y[]; };
layout(push_constant) uniform P { uint n; int mul; int add; } p;

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i < p.n) {
        int v = x[i] * p.mul + p.add;
        y[i] = (NEGATE ? -v : v) + BIAS;
    }
}
