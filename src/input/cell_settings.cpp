#include "input/cell_settings.hpp"

#include "input/fields.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

CellMatrices read_matrices(const Value& value, CellType type, DType dtype) {
  if (type == CellType::kGru) {
    value.allow_keys({"W", "U", "b", "W_z", "U_z", "b_z", "W_r", "U_r", "b_r"});
  } else {
    value.allow_keys({"W", "U", "b"});
  }
  const auto gate = [&](const char* suffix) {
    const auto name = [&](const char* letter) { return std::string(letter) + suffix; };
    return GateMatrices{find_array(value, name("W"), 2, 2, "a matrix (input × hidden)", dtype),
                        find_array(value, name("U"), 2, 2, "a matrix (hidden × hidden)", dtype),
                        find_array(value, name("b"), 1, 1, "a list of numbers", dtype)};
  };
  CellMatrices matrices;
  matrices.candidate = gate("");
  if (type == CellType::kGru) matrices.update = gate("_z"), matrices.reset = gate("_r");
  return matrices;
}

/// The members that every cell has; none of them if the type is "none".
CellSettings read_members(const Value& value, std::string_view kind, DType dtype) {
  CellSettings cell;
  cell.type = static_cast<CellType>(index_of(type_of(value, kind), kind, kCellNames));
  if (!value.is(Kind::kObject)) return cell;
  if (cell.type == CellType::kNone) {
    value.allow_keys({"type"});
    return cell;
  }
  if (const auto hidden = value.find("hidden")) cell.hidden = hidden->whole_number(1);
  if (const auto both = value.find("bidirectional")) cell.bidirectional = both->boolean();
  if (const auto weights = value.find("weights")) {
    if (weights->is(Kind::kText) && weights->text() == "identity") {
      cell.weights = IdentityWeights{};
    } else if (!weights->is(Kind::kObject)) {
      throw weights->unexpected("\"identity\", {\"random\": SEED} or an object of matrices");
    } else if (const auto seed = weights->find("random")) {
      weights->allow_keys({"random"});
      cell.weights = RandomWeights{seed->whole_number(0)};
    } else {
      cell.weights = read_matrices(*weights, cell.type, dtype);
    }
  }
  if (const auto backward = value.find("backward_weights")) {
    if (!cell.bidirectional) {
      throw backward->error("only a bidirectional cell has a backward pass")
          .hint("set \"bidirectional\": true");
    }
    if (std::holds_alternative<RandomWeights>(cell.weights)) {
      throw backward->error("random weights are drawn for both directions");
    }
    cell.backward_weights = read_matrices(*backward, cell.type, dtype);
  }
  return cell;
}

}  // namespace

CellSettings read_cell(const Value& value, std::string_view kind, DType dtype) {
  if (value.is(Kind::kObject)) {
    value.allow_keys({"type", "hidden", "bidirectional", "weights", "backward_weights"});
  }
  return read_members(value, kind, dtype);
}

DecoderSettings read_decoder(const Value& value, DType dtype) {
  DecoderSettings decoder;
  if (value.is(Kind::kObject)) value.allow_keys({"type", "hidden", "weights", "initial"});
  decoder.cell = read_members(value, "decoder", dtype);
  if (!value.is(Kind::kObject)) return decoder;
  const auto initial = value.find("initial");
  if (!initial) return decoder;
  if (initial->is(Kind::kText)) {
    decoder.first = static_cast<FirstState>(index_of(*initial, "first state", kFirstStateNames));
  } else {
    decoder.first = FirstState::kGiven;
    decoder.given = initial->tensor(1, "\"zeros\", \"encoder\" or a list of numbers", dtype);
  }
  return decoder;
}

}  // namespace attn_viz
