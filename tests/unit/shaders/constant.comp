// Stores a specialisation constant: what the registry's test reads back.
#version 450
layout(constant_id = 100) const int value = -1;
layout(local_size_x = 1) in;
layout(set = 0, binding = 0) buffer Out { int y[]; };
void main() { y[0] = value; }
