// Every network of the zoo as a Keras configuration, one a line: its counts of parameters, then JSON. zoo_configs.py
// lets real Keras build them.
#include <iostream>

#include <strata/import/keras_config.hpp>

#include "all.hpp"

int main() {
  zoo::for_each_network([]<class Net>(const char* name) {
    std::cout << Net::trainable_param_count << ' ' << Net::non_trainable_param_count << ' '
              << strata::keras_config<Net>(name) << '\n';
  });
}
