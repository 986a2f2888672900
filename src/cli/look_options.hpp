// The options for how pictures look, of all subcommands that draw chosen figures.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "attn_viz/figure/selected.hpp"
#include "cli/command.hpp"

namespace attn_viz::cli {

/// --size, --theme, --colormap, --values, --digits, --reduce, --title, --transpose, --no-labels.
void add_look_options(Command& command, figure::Look& look);

/// A scale that a subcommand knows, by its name.
struct ScaleName {
  std::string_view name;
  figure::ScaleChoice scale;
};

/// --color-scale.
void add_color_scale_option(Command& command, const char* help, std::vector<ScaleName> scales,
                            std::function<void(figure::ScaleChoice)> take);

}  // namespace attn_viz::cli
