struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    MaxPooling2D<>, Flatten, Dense<10>> {};

static_assert(Net::output_shape == Shape{10});
static_assert(Net::inference_arena_bytes<> <= 280 * 1024);
