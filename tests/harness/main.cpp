// The test program's main: Catch2 2 generates it here; Catch2 3 brings it in its library Catch2WithMain.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
