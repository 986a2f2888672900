// Compiles nothing but the headers that are precompiled: main.cpp must do without them.
