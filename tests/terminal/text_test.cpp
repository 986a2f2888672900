// Widths of texts in columns of a terminal.
#include "terminal/text.hpp"

#include "catch.hpp"
