// Each known mistake of heads and positions is named, and no other.
#include "check/made_mistakes.hpp"

namespace attn_viz {
namespace {

using namespace test;

/// A head's columns of a matrix of both heads, every second one.
Matrix interleaved(const Layer& layer, const std::string& name, std::size_t head) {
  Matrix whole(6);
  for (std::size_t h = 0; h < 2; ++h) {
    const Matrix part = layer.head(name, h);
    for (std::size_t i = 0; i < 6; ++i) {
      whole[i].insert(whole[i].end(), part[i].begin(), part[i].end());
    }
  }
  Matrix part(6);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t c = head; c < 6; c += 2) part[i].push_back(whole[i][c]);
  }
  return part;
}

TEST_CASE("diagnosis: heads") {
  expect_name("heads-interleaved", [](const Layer& layer) -> Given {
    return {
        {kHead + "query", product(layer.step("input/embeddings"), interleaved(layer, "W_Q", 0))}};
  });
  for (const bool back : {false, true}) {
    expect_name("heads-interleaved", [=](const Layer& layer) -> Given {
      const Matrix x = layer.step("input/embeddings");
      Matrix concat(5, std::vector<double>(6));
      for (std::size_t h = 0; h < 2; ++h) {
        const Matrix q = product(x, interleaved(layer, "W_Q", h)),
                     k = product(x, interleaved(layer, "W_K", h)),
                     v = product(x, interleaved(layer, "W_V", h));
        const Matrix o = product(row_softmax(times(product(q, turned(k)), 1 / std::sqrt(3.0))), v);
        for (std::size_t i = 0; i < 5; ++i) {
          for (std::size_t c = 0; c < 3; ++c) concat[i][back ? 2 * c + h : 3 * h + c] = o[i][c];
        }
      }
      return {{"layer0/attention_output", product(concat, layer.step("layer0/W_O"))}};
    });
  }
  expect_name("heads-interleaved", [](const Layer& layer) -> Given {
    Matrix concat = layer.step("layer0/concat");
    const Matrix blocks = concat;
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t c = 0; c < 6; ++c) concat[i][2 * (c % 3) + c / 3] = blocks[i][c];
    }
    return {{"layer0/concat", concat}};
  });
}

TEST_CASE("diagnosis: positions") {
  const auto sinusoidal = [](AttentionSettings& s) { s.position.type = PositionType::kSinusoidal; };
  const auto with = [](const Layer& layer, double times_position) {
    const Matrix p = layer.step("input/positions");
    return each(layer.step("input/embeddings"), [=](double x, std::size_t i, std::size_t j) {
      return x + times_position * p[i][j];
    });
  };
  for (const double often : {0.0, 2.0}) {
    const std::string name = often == 0 ? "position-missing" : "position-twice";
    expect_name(
        name,
        [=](const Layer& layer) -> Given {
          return {{"input/positioned", with(layer, often)}};
        },
        sinusoidal);
    expect_name(
        name,
        [=](const Layer& layer) -> Given {
          return {{kHead + "query", product(with(layer, often), layer.head("W_Q"))}};
        },
        sinusoidal);
    expect_name(
        name,
        [=](const Layer& layer) -> Given {
          return {{kHead + "biased_scores",
                   each(layer.head("scaled_scores"), [=](double x, std::size_t i, std::size_t j) {
                     const double distance = i > j ? double(i - j) : double(j - i);
                     return x - often * distance / 16;  // 2^(−8 · 1 / 2) for head 0
                   })}};
        },
        [](AttentionSettings& s) { s.position.type = PositionType::kAlibi; });
  }
}

TEST_CASE("diagnosis: rotated positions") {
  const auto rope = [](AttentionSettings& s) {
    s.position.type = PositionType::kRope;
    s.heads = 3;
  };
  for (std::size_t seed = 0; seed < 5; ++seed) {
    const Layer layer(seed, rope);
    const Matrix q = layer.head("query"), k = layer.head("key");
    const auto turn = [](const Matrix& x, double often) {
      Matrix y = x;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double angle = often * double(i), c = std::cos(angle), s = std::sin(angle);
        y[i] = {x[i][0] * c - x[i][1] * s, x[i][0] * s + x[i][1] * c};
      }
      return y;
    };
    REQUIRE(names_for(layer, {{kHead + "rotated_query", turn(q, 1)}}, 4) == "right");
    CHECK(names_for(layer, {{kHead + "rotated_query", q}}, 4) == "position-missing");
    CHECK(names_for(layer, {{kHead + "rotated_query", turn(q, 2)}}, 4) == "position-twice");
    CHECK(names_for(layer, {{kHead + "scores", product(q, turned(k))}}, 4) == "position-missing");
    CHECK(names_for(layer, {{kHead + "scores", product(turn(q, 2), turned(turn(k, 2)))}}, 4) ==
          "position-twice");
  }
}

}  // namespace
}  // namespace attn_viz
