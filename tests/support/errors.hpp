// The exact text of an error.
#pragma once

#include <string>

#include "attn_viz/core/error.hpp"

namespace attn_viz::test {

/// What the error that `body` throws says, or "no error".
template <class Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// The code of the error that `body` throws, or 0.
template <class Body>
int error_code_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
  return 0;
}

}  // namespace attn_viz::test
