// Answers as a table.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <string>

#include "attn_viz/core/error.hpp"
#include "attn_viz/input/answers.hpp"
#include "input/answered.hpp"

namespace attn_viz {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

using Fields = std::vector<std::string_view>;

/// Without spaces at its ends and without quotes around it.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

/// A line as programs write it. Spreadsheets of languages with decimal commas write "0;1,5" for
/// "0,1.5"; a minus may be the sign U+2212, as worksheets show it.
std::string plain_line(std::string_view text) {
  const bool decimal_commas = text.find(';') != std::string_view::npos;
  constexpr std::string_view kMinus = "\xE2\x88\x92";
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, kMinus.size()) == kMinus) {
      line += '-';
      i += kMinus.size() - 1;
    } else {
      line += !decimal_commas ? text[i] : text[i] == ';' ? ',' : text[i] == ',' ? '.' : text[i];
    }
  }
  return line;
}

Fields fields_of(std::string_view line) {
  Fields fields;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = line.find(',');
    fields.push_back(trimmed(line.substr(0, end)));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return fields;
}

bool is_unanswered(std::string_view field) {
  return field.empty() || field == "?";
}

template <class T>
std::optional<T> number_of(std::string_view text) {
  T number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failure == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(static_cast<double>(number)) ? std::optional(number) : std::nullopt;
}

/// One step as far as it was read.
struct Answered {
  std::vector<std::size_t> lines;  ///< of each row; 0 if it did not come yet
  std::vector<double> values;      ///< NaN where nothing is answered
};

class CsvReader {
 public:
  explicit CsvReader(const Trace& program) : program_(program) {}

  void line(std::string_view text) {
    ++line_;
    if (trimmed(text).empty()) return;
    const std::string plain = plain_line(text);
    const Fields fields = fields_of(plain);
    if (fields[0] == "step") return;  // the header
    const StepId id = answered_step(
        program_, fields[0], fault(fmt::format("the document has no step \"{}\"", fields[0])));
    const Tensor& values = program_.steps[id].values;
    const auto row = fields.size() > 1 ? number_of<std::size_t>(fields[1]) : std::nullopt;
    if (!row || *row >= values.rows()) {
      throw fault(fmt::format("expected a row from 0 to {} of {}", values.rows() - 1, fields[0]));
    }
    Answered& answer = answers_[id];
    answer.lines.resize(values.rows());
    answer.values.resize(values.count(), std::nan(""));
    if (answer.lines[*row] != 0) {
      throw fault(fmt::format("row {} of {} stands on line {} already", *row, fields[0],
                              answer.lines[*row]));
    }
    answer.lines[*row] = line_;
    read_row(fields, program_.steps[id],
             std::span(answer.values).subspan(*row * values.columns(), values.columns()));
  }

  std::vector<std::pair<StepId, Tensor>> answers() const {
    std::vector<std::pair<StepId, Tensor>> all;
    for (const auto& [id, answer] : answers_) {
      const auto blank = [](double value) { return std::isnan(value); };
      const auto missing = std::find(answer.lines.begin(), answer.lines.end(), 0);
      if (std::all_of(answer.values.begin(), answer.values.end(), blank)) continue;
      const std::string& name = program_.steps[id].id;
      if (missing != answer.lines.end()) {
        throw Error(ErrorCode::kInvalid,
                    fmt::format("{}: row {} is missing", name, missing - answer.lines.begin()));
      }
      const auto open = std::find_if(answer.values.begin(), answer.values.end(), blank);
      if (open != answer.values.end()) {
        const auto at = static_cast<std::size_t>(open - answer.values.begin());
        const std::size_t columns = program_.steps[id].values.columns();
        throw Error(ErrorCode::kInvalid,
                    fmt::format("line {}: column {} of {} is not answered, but others are",
                                answer.lines[at / columns], at % columns, name));
      }
      all.emplace_back(id, Tensor(program_.steps[id].values.axes(),
                                  Buffer<double>(answer.values.begin(), answer.values.end())));
    }
    return all;
  }

 private:
  Error fault(const std::string& message) const {
    return Error(ErrorCode::kInvalid, fmt::format("line {}: {}", line_, message));
  }

  void read_row(const Fields& fields, const Step& step, std::span<double> values) const {
    const std::size_t columns = values.size();
    // Spreadsheets pad short lines with empty fields.
    std::size_t count = fields.size();
    while (count > 2 + columns && fields[count - 1].empty()) --count;
    if (count != 2 + columns) {
      throw fault(fmt::format("expected {} number{} after the row, got {}", columns,
                              columns == 1 ? "" : "s", count - 2));
    }
    for (std::size_t j = 0; j < columns; ++j) {
      const std::string_view field = fields[2 + j];
      const auto number = number_of<double>(field);
      if (!number && !is_unanswered(field) && field != "masked") {
        throw fault(fmt::format("expected a number, masked or ?, got \"{}\"", field));
      }
      if (field == "masked" && !may_be_masked(step)) {
        throw fault(fmt::format("{} has no masked cells; expected a number or ?", step.id));
      }
      values[j] = number ? *number : is_unanswered(field) ? std::nan("") : kMasked;
    }
  }

  const Trace& program_;
  std::size_t line_ = 0;
  std::map<StepId, Answered> answers_ = {};
};

}  // namespace

std::vector<std::pair<StepId, Tensor>> read_answers_csv(std::string_view text,
                                                        const Trace& program) {
  CsvReader reader(program);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);  // written by spreadsheets
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.answers();
}

}  // namespace attn_viz
