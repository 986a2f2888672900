// Samples as traces, and what explains them.
#pragma once

#include "attn_viz/explain/explain.hpp"
#include "support/samples.hpp"
