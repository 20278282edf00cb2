#version 450
// y[i] = 3 * x[(i + 1) mod n] + 1: no push constants; each item needs what another workgroup wrote in the step before.
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) readonly buffer X { uint x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { uint y[]; };

void main()
{
    uint i = gl_GlobalInvocationID.x, n = uint(x.length());
    if (i < n) {
        y[i] = 3u * x[(i + 1u) % n] + 1u;
    }
}
