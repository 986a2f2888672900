#include "attn_viz/check/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/json_write.hpp"

namespace attn_viz::check {
namespace {

const Step& step_of(const CheckedFile& file, const CheckedStep& checked) {
  return file.program->steps[checked.step];
}

/// Six digits; a masked score by its name.
std::string number_text(double x) {
  return std::isfinite(x) ? fmt::format("{:.6g}", x) : "masked (null)";
}

std::string indices_text(const std::vector<std::size_t>& cell) {
  return fmt::format("[{}]", fmt::join(cell, ", "));
}

/// "expected 0.67, got 0.33"; with all digits where fewer would look the same.
std::string difference_text(const CheckedStep& checked) {
  std::string expected = number_text(checked.expected), got = number_text(checked.got);
  if (expected == got) {
    expected = fmt::format("{}", checked.expected);
    got = fmt::format("{}", checked.got);
  }
  return fmt::format("expected {}, got {}", expected, got);
}

/// "layer0/head0/weights, query Jerry, key Tom [2, 0]".
std::string place_text(const CheckedFile& file, const CheckedStep& checked) {
  return fmt::format("{}, {} {}", step_of(file, checked).id, cell_text(*file.program, checked),
                     indices_text(checked.cell));
}

std::string count_text(std::size_t count) {
  return fmt::format("{} step{}", count, count == 1 ? "" : "s");
}

/// "3 right, 1 wrong, 2 carried".
std::string counts_text(const Report& report) {
  std::string text = fmt::format("{} right, {} wrong", report.count(Verdict::kRight),
                                 report.count(Verdict::kWrong));
  const std::size_t carried = report.count(Verdict::kCarried);
  return carried == 0 ? text : text + fmt::format(", {} carried", carried);
}

/// A number as it is, null if it is a masked score.
std::string json_number(double x) {
  std::string text;
  json::append(text, x);
  return text;
}

std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

/// Longer lists leave out what is right.
constexpr std::size_t kListed = 40;

}  // namespace

std::string cell_text(const Trace& program, const CheckedStep& checked) {
  const auto& axes = program.steps[checked.step].values.axes();
  const bool pairs = axes.size() == 2 && !axes[0].name.empty() &&
                     (axes[1].name == "token" || axes[1].name == "context");
  std::string text;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const std::size_t index = checked.cell[axis];
    const AxisInfo* info = program.axis(axes[axis].name);
    const bool labelled = info != nullptr && index < info->labels.size();
    std::string kind = labelled ? axes[axis].name : axis + 1 == axes.size() ? "column" : "row";
    if (pairs) kind = axis == 0 ? "query" : "key";
    if (!text.empty()) text += ", ";
    text += kind + " " + (labelled ? info->labels[index] : std::to_string(index));
  }
  return text.empty() ? "the number" : text;
}

std::string text_of(const CheckedFile& file) {
  const Report& report = file.report;
  std::string text =
      fmt::format("{}: {}", file.name, report.ok() ? "everything is right" : counts_text(report));
  const bool all = report.steps.size() <= kListed;
  for (const CheckedStep& checked : report.steps) {
    if (!all && checked.verdict == Verdict::kRight) continue;
    text += fmt::format("\n  {:<8} {}", name_of(checked.verdict), step_of(file, checked).id);
    if (!checked.diagnoses.empty()) text += fmt::format("  ({})", checked.diagnoses.front().name);
  }
  if (!all) {
    text += fmt::format("\n  {:<8} {}", "right",
                        count_text(report.count(Verdict::kRight)) + " (not listed)");
  }
  const CheckedStep* first = report.first_wrong();
  if (first == nullptr) return text;
  text += "\nThe first wrong step is " + place_text(file, *first) + ":";
  text += "\n  " + difference_text(*first);
  if (step_of(file, *first).inputs.empty()) return text + "\n  the document has another number";
  const std::string& equation = step_of(file, *first).equation;
  if (!equation.empty()) text += fmt::format("   ({})", equation);
  if (first->diagnoses.empty()) return text + "\n  no known mistake gives these numbers";
  const Diagnosis& diagnosis = first->diagnoses.front();
  return text + fmt::format("\n  {}: {}", diagnosis.name, diagnosis.sentence);
}

std::string line_of(const CheckedFile& file) {
  if (!file.error.empty()) return fmt::format("{}: error: {}", file.name, file.error);
  const CheckedStep* first = file.report.first_wrong();
  if (first == nullptr) {
    return fmt::format("{}: right, {}", file.name, count_text(file.report.steps.size()));
  }
  std::string line = fmt::format("{}: {}; first {}: {}", file.name, counts_text(file.report),
                                 place_text(file, *first), difference_text(*first));
  if (!first->diagnoses.empty()) line += ": " + first->diagnoses.front().name;
  return line;
}

std::string json_of(const CheckedFile& file, bool with_name) {
  std::string text = "{";
  if (with_name) {
    text += "\"file\": ";
    json::append(text, file.name);
    text += ", ";
  }
  if (!file.error.empty()) {
    text += "\"ok\": false, \"error\": ";
    json::append(text, file.error);
    return text + ", \"steps\": []}";
  }
  text += fmt::format("\"ok\": {}, \"steps\": [", file.report.ok());
  bool first = true;
  for (const CheckedStep& checked : file.report.steps) {
    text += first ? "\n  " : ",\n  ";
    first = false;
    text += "{\"id\": ";
    json::append(text, step_of(file, checked).id);
    text += fmt::format(", \"verdict\": \"{}\"", name_of(checked.verdict));
    const bool right = checked.verdict == Verdict::kRight;
    text += ", \"cell\": " + (right ? "null" : indices_text(checked.cell));
    text += ", \"expected\": " + (right ? "null" : json_number(checked.expected));
    text += ", \"got\": " + (right ? "null" : json_number(checked.got));
    text += ", \"diagnosis\": ";
    if (checked.diagnoses.empty()) {
      text += "null";
    } else {
      json::append(text, checked.diagnoses.front().name);
    }
    text += "}";
  }
  return text + (first ? "]}" : "\n]}");
}

std::string csv_header() {
  return "file,ok,right,wrong,carried,first_wrong,cell,expected,got,diagnosis,error";
}

std::string csv_of(const CheckedFile& file) {
  if (!file.error.empty()) {
    return fmt::format("{},false,,,,,,,,,{}", quoted(file.name), quoted(file.error));
  }
  const Report& report = file.report;
  std::string line =
      fmt::format("{},{},{},{},{}", quoted(file.name), report.ok(), report.count(Verdict::kRight),
                  report.count(Verdict::kWrong), report.count(Verdict::kCarried));
  const CheckedStep* first = report.first_wrong();
  if (first == nullptr) return line + ",,,,,,";
  const std::string diagnosis = first->diagnoses.empty() ? "" : first->diagnoses.front().name;
  return line + fmt::format(",{},{},{},{},{},", quoted(step_of(file, *first).id),
                            quoted(indices_text(first->cell)), json_number(first->expected),
                            json_number(first->got), quoted(diagnosis));
}

}  // namespace attn_viz::check
