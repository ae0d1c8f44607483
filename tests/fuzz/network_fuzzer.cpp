// libFuzzer on energies as numbers: any bytes are an energy with a value and a slope at every point, or bad input. What
// the numbers of a file make of a point may overflow; its bits do not depend on the point's company.

#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "otto/core/error.h"
#include "otto/network/layer_network.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const int dimension : {1, 2, 3}) {
    try {
      const auto U = otto::read_layer_network(bytes, dimension);
      const std::vector<otto::Point> points = {{0.5, -1, 2}, {1e3, 0, -1e-3}};
      std::vector<double> values(2), alone(1);
      std::vector<otto::Point> slopes(2);
      U->evaluate(points, values);
      U->gradient(points, slopes);
      U->evaluate({&points[1], 1}, alone);
      if (std::memcmp(&alone[0], &values[1], sizeof(double)) != 0) std::abort();
    } catch (const otto::InputError&) {
    }
  }
  return 0;
}
