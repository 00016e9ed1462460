// Needs headers and library of the C++ standard library, as HiGHS does.
#include <vector>

int main() { return std::vector<int>(1, 0)[0]; }
