#include "mean_module.h"

#include <fmt/format.h>

#include <algorithm>

namespace otto {

namespace {

using torch::jit::Module;

/// def NAME(self, x): the mean of what the members' method of that name returns.
std::string mean_of(const char* name, std::size_t members) {
  std::string sum;
  for (std::size_t i = 0; i < members; ++i) {
    sum += fmt::format("{}self.member_{}.{}(x)", i == 0 ? "" : " + ", i, name);
  }
  return fmt::format("def {}(self, x: Tensor) -> Tensor:\n    return ({}) / {}.0\n", name, sum,
                     members);
}

}  // namespace

Module make_mean_module(const std::vector<Module>& members) {
  Module mean("otto.Mean");
  for (std::size_t i = 0; i < members.size(); ++i) {
    mean.register_module(fmt::format("member_{}", i), members[i]);
  }
  for (const char* name : {"reference_mean", "reference_factor"}) {
    const Module& first = members.front();
    if (!first.hasattr(name) || !first.attr(name).isTensor()) continue;
    mean.register_buffer(name, first.attr(name).toTensor().clone());
  }
  mean.define(mean_of("forward", members.size()));
  const auto has_pair = [](const Module& m) { return m.find_method("pair").has_value(); };
  if (std::ranges::all_of(members, has_pair)) mean.define(mean_of("pair", members.size()));
  return mean;
}

}  // namespace otto
