#pragma once
// The functions between layers, by the names PyTorch has for them.

#include <span>
#include <string>

namespace otto {

struct Activation {
  const char* name;
  /// h = f(a) and slope = f'(a) for one number; null for silu, which has a kernel.
  void (*one)(double a, double& h, double& slope);
};

/// Throws InputError with the list of names for one it does not know.
const Activation& find_activation(const std::string& name);

/// h = f(h), slope = f'(h), number by number.
void apply(const Activation& f, std::span<double> h, std::span<double> slope);

}  // namespace otto
