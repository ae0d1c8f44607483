#include <fmt/format.h>

#include "wide_script.h"

namespace otto {

at::Tensor site_jacobian(const Script& script, const at::Tensor& x) {
  const torch::NoGradGuard no_grad;
  const torch::jit::Module& module = script.module();
  const auto method = [&](const char* name) { return module.find_method(name).has_value(); };
  const auto of = [&](const std::string& name) -> at::Tensor {
    if (!module.hasattr(name)) return {};
    const c10::IValue value = module.attr(name);
    return value.isTensor() ? value.toTensor().detach() : at::Tensor();
  };
  if (const at::Tensor A = of("matrix"); A.defined() && !method("layers")) {
    const at::Tensor y = x - of("center");
    return (0.5 * at::bmm(y.unsqueeze(2), y.unsqueeze(1))).reshape({x.size(0), -1});
  }
  const at::Tensor out = of("weight_out"), first = of("weight_0");
  if (!method("layers") || !out.defined() || !first.defined() || first.dim() != 2) return {};
  const at::Tensor z = (x - of("center")) * of("scale");
  at::Tensor h = method("pair") ? at::stack({z, at::roll(z, {-1}, {1})}, 2) : z.unsqueeze(1);
  std::vector<at::Tensor> inputs, W, a;
  for (std::size_t l = 0;; ++l) {
    const at::Tensor weight = of(fmt::format("weight_{}", l));
    if (!weight.defined()) break;
    W.push_back(weight);
    inputs.push_back(h);
    a.push_back(at::linear(h, weight, of(fmt::format("bias_{}", l))));
    h = at::silu(a.back());
  }
  const std::int64_t n = x.size(0);
  std::vector<at::Tensor> parts{h.sum(1)};  // last to first
  at::Tensor above = out.expand_as(h);
  for (std::size_t l = W.size(); l-- > 0;) {
    const at::Tensor D = at::silu_backward(above, a[l]);
    parts.push_back(D.sum(1));
    parts.push_back(at::bmm(D.transpose(1, 2), inputs[l]).reshape({n, -1}));
    if (l > 0) above = at::matmul(D, W[l]);
  }
  std::reverse(parts.begin(), parts.end());
  return at::cat(parts, 1);
}

}  // namespace otto
