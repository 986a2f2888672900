// Traces of version 1: roles and places are guessed from names, as they are recorded today.
#include <set>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "support/samples.hpp"
#include "trace/upgrade.hpp"

namespace attn_viz {
namespace {

/// A step with all that version 2 added: "layer0/head0/weights: weights, layer 0, self, head 0".
std::string said_by(const Step& step) {
  std::ostringstream text;
  text << step.id << ": " << name_of(step.role);
  const Place& place = step.place;
  if (place.side) text << (place.side == Place::Side::kEncoder ? ", encoder" : ", decoder");
  if (place.layer) text << ", layer " << *place.layer;
  if (place.block) text << (place.block == Place::Block::kSelf ? ", self" : ", cross");
  if (place.head) text << ", head " << *place.head;
  if (!place.branch.empty()) text << ", branch " << place.branch;
  if (place.pass) text << ", pass " << *place.pass;
  return text.str();
}

TEST_CASE("upgrade: every step of every sample gets the role and the place that its recipe gives") {
  std::set<Role> roles;
  for (const std::string& name : test::sample_names()) {
    const Trace recorded = test::sample_trace(name);
    Trace guessed = recorded;
    for (Step& step : guessed.steps) step.role = Role::kStatistic, step.place = {};
    upgrade_from_version_1(guessed);
    for (std::size_t i = 0; i < recorded.steps.size(); ++i) {
      INFO(name);
      CHECK(said_by(guessed.steps[i]) == said_by(recorded.steps[i]));
      roles.insert(recorded.steps[i].role);
    }
  }
  CHECK(roles.size() == std::size(kRoleNames));
}

}  // namespace
}  // namespace attn_viz
