// Layers and training, against real Keras.
// Written by tests/oracle/keras/generate.py: change the lists there.
#include "oracle/keras/checks.hpp"

using namespace strata;
using namespace strata::keras_test;

TEST_CASE("layers and options equal Keras'", "[keras]") {
  check_oracle<BatchNormWith<NoCenter>, Shape{3, 2, 5}>("keras/fixtures/batch_normalization_no_center");
  check_oracle<BatchNormWith<NoCenter, NoScale>, Shape{3, 2, 5}>("keras/fixtures/batch_normalization_bare");
  check_oracle<LayerNormalizationWith<NoCenter>, Shape{3, 11}>("keras/fixtures/layer_normalization_no_center");
  check_oracle<LayerNormalizationWith<NoScale>, Shape{3, 11}>("keras/fixtures/layer_normalization_no_scale");
  check_oracle<GroupNormalization<-1, NoCenter, NoScale>, Shape{3, 4, 5}>("keras/fixtures/group_normalization_each");
  check_oracle<RMSNormalization, Shape{3, 11}>("keras/fixtures/rms_normalization");
  check_oracle<UnitNormalization, Shape{3, 11}>("keras/fixtures/unit_normalization");
  check_oracle<ChannelRescaling<PerChannel{0.5, 2, 3}, PerChannel{-1, 0, 1}>, Shape{3, 4, 3}>(
      "keras/fixtures/channel_rescaling");
  check_oracle<GlobalAveragePooling2DWith<KeepDims>, Shape{5, 3, 6}>(
      "keras/fixtures/global_average_pooling2d_keepdims");
  check_oracle<Dense<7>, Shape{3, 4, 5}>("keras/fixtures/dense_on_a_map");
  check_oracle<Dense<7, NoBias>, Shape{6, 5}>("keras/fixtures/dense_on_a_sequence");
  check_oracle<CenterCrop<2, 4>, Shape{5, 7, 3}>("keras/fixtures/center_crop");
  check_oracle<Resizing<7, 3>, Shape{4, 8, 3}>("keras/fixtures/resizing");
  check_oracle<Resizing<7, 3, Nearest>, Shape{4, 8, 3}>("keras/fixtures/resizing_nearest");
  check_oracle<RepeatVector<3>, Shape{5}>("keras/fixtures/repeat_vector");
}

TEST_CASE("layers of operations equal Keras'", "[keras]") {
  check_oracle<Slice<-1, 2, -1>, Shape{3, 4, 7}>("keras/fixtures/slice_channels");
  check_oracle<Slice<1, 1, 7, 2>, Shape{7, 4, 3}>("keras/fixtures/slice_rows");
  check_oracle<detail::SplitPart<1, 3, -1>, Shape{3, 4, 6}>("keras/fixtures/split_channels");
  check_oracle<detail::SplitPart<1, 2, 1>, Shape{6, 4, 3}>("keras/fixtures/split_rows");
  check_oracle<ChannelShuffle<3>, Shape{2, 3, 12}>("keras/fixtures/channel_shuffle");
  check_oracle<DepthToSpace<2>, Shape{3, 4, 8}>("keras/fixtures/depth_to_space");
  check_oracle<DepthToSpace<2, CRD>, Shape{3, 4, 8}>("keras/fixtures/pixel_shuffle");
  check_oracle<SpaceToDepth<2>, Shape{4, 6, 3}>("keras/fixtures/space_to_depth");
  check_oracle<SpaceToDepth<2, CRD>, Shape{4, 6, 3}>("keras/fixtures/pixel_unshuffle");
  check_oracle<ReflectionPadding2D<ZeroPad{1, 2, 0, 3}>, Shape{4, 5, 3}>("keras/fixtures/reflection_padding2d");
  check_oracle<ReplicationPadding2D<ZeroPad{1, 2, 0, 3}>, Shape{2, 5, 3}>("keras/fixtures/replication_padding2d");
  check_oracle<Affine, Shape{3, 4, 5}>("keras/fixtures/affine");
  check_oracle<AffineWith<PerElement>, Shape{3, 4, 5}>("keras/fixtures/affine_per_element");
  check_oracle<ReduceMean<-1, KeepDims>, Shape{3, 4, 5}>("keras/fixtures/reduce_mean");
  check_oracle<ReduceSum<2>, Shape{3, 4, 5}>("keras/fixtures/reduce_sum");
  check_oracle<ReduceMax<1>, Shape{5, 4, 3}>("keras/fixtures/reduce_max");
  check_oracle<ReduceMin<-1, KeepDims>, Shape{3, 4, 5}>("keras/fixtures/reduce_min");
  check_oracle<GLU, Shape{3, 2, 14}>("keras/fixtures/glu");
  check_oracle<InstanceNormalization, Shape{3, 4, 5}>("keras/fixtures/instance_normalization");
  check_oracle<LocalResponseNormalization<5, 0.1, 0.75, 2>, Shape{2, 3, 9}>(
      "keras/fixtures/local_response_normalization");
}

TEST_CASE("sequences equal Keras'", "[keras]") {
  check_oracle<Conv1D<7, 3, Causal, Dilation{2}>, Shape{9, 4}>("keras/fixtures/conv1d_causal");
  check_oracle<Conv1D<8, 4, Same, Strides{2}, Groups{2}>, Shape{11, 4}>("keras/fixtures/conv1d_groups");
  check_oracle<DepthwiseConv1D<3, Same, Strides{2}, DepthMultiplier{2}>, Shape{10, 3}>(
      "keras/fixtures/depthwise_conv1d");
  check_oracle<Conv1DTranspose<6, 4, Same, Strides{2}, OutputPadding{1}>, Shape{5, 3}>(
      "keras/fixtures/conv1d_transpose");
  check_oracle<MaxPooling1D<3, Strides{2}, Same>, Shape{8, 5}>("keras/fixtures/max_pooling1d");
  check_oracle<GlobalMaxPooling1DWith<KeepDims>, Shape{8, 5}>("keras/fixtures/global_max_pooling1d");
  check_oracle<ZeroPadding1D<Ends{1, 2}>, Shape{8, 5}>("keras/fixtures/zero_padding1d");
  check_oracle<Cropping1D<Ends{1, 2}>, Shape{8, 5}>("keras/fixtures/cropping1d");
  check_oracle<UpSampling1D<3>, Shape{8, 5}>("keras/fixtures/up_sampling1d");
}

TEST_CASE("gradients of layers at ties and kinks equal Keras'", "[keras]") {
  check_oracle<ReLU, Shape{3, 5}>("keras/fixtures/kink_relu");
  check_oracle<ReLU6, Shape{3, 5}>("keras/fixtures/kink_relu6");
  check_oracle<LeakyReLU<>, Shape{3, 5}>("keras/fixtures/kink_leaky_relu");
  check_oracle<LeakyReLU<0.1>, Shape{3, 5}>("keras/fixtures/kink_leaky_relu_0_1");
  check_oracle<ELU<>, Shape{3, 5}>("keras/fixtures/kink_elu");
  check_oracle<ELU<0.7>, Shape{3, 5}>("keras/fixtures/kink_elu_0_7");
  check_oracle<SELU, Shape{3, 5}>("keras/fixtures/kink_selu");
  check_oracle<HardSigmoid, Shape{3, 5}>("keras/fixtures/kink_hard_sigmoid");
  check_oracle<HardSwish, Shape{3, 5}>("keras/fixtures/kink_hard_swish");
  check_oracle<PReLU<>, Shape{3, 5}>("keras/fixtures/kink_p_relu");
  check_oracle<PReLU<SharedAxes{1, 2}>, Shape{3, 5}>("keras/fixtures/kink_p_relu_shared");
  check_oracle<MaxPooling2D<>, Shape{4, 6, 3}>("keras/fixtures/tie_max_pooling2d");
  check_oracle<MaxPooling2D<3, Strides{2}, Same>, Shape{5, 4, 3}>("keras/fixtures/tie_max_pooling2d_same");
  check_oracle<GlobalMaxPooling2D, Shape{3, 4, 5}>("keras/fixtures/tie_global_max_pooling2d");
}

TEST_CASE("activations and arithmetic at kinks equal Keras'", "[keras]") {
  check_activation<ReLUWith<MaxValue{4}>>("keras/fixtures/activations", "relu_max_value");
  check_activation<ReLUWith<NegativeSlope{0.25}>>("keras/fixtures/activations", "relu_negative_slope");
  check_activation<ReLUWith<MaxValue{4}, NegativeSlope{0.25}>>("keras/fixtures/activations",
      "relu_max_value_negative_slope");
  check_activation<ReLUWith<Threshold{1}>>("keras/fixtures/activations", "relu_threshold");
  check_activation<ReLUWith<MaxValue{4}, NegativeSlope{0.25}, Threshold{1}>>("keras/fixtures/activations",
      "relu_max_value_negative_slope_threshold");
  check_activation<TanhGELU>("keras/fixtures/activations", "gelu_approximate");
  check_activation<Mish>("keras/fixtures/activations", "mish");
  check_activation<Softsign>("keras/fixtures/activations", "softsign");
  check_activation<Exponential>("keras/fixtures/activations", "exponential");
  check_activation<LogSigmoid>("keras/fixtures/activations", "log_sigmoid");
  check_activation<HardTanh>("keras/fixtures/activations", "hard_tanh");
  check_activation<HardShrink>("keras/fixtures/activations", "hard_shrink");
  check_activation<SoftShrink>("keras/fixtures/activations", "soft_shrink");
  check_activation<TanhShrink>("keras/fixtures/activations", "tanh_shrink");
  check_activation<Squareplus>("keras/fixtures/activations", "squareplus");
  check_activation<SparseSigmoid>("keras/fixtures/activations", "sparse_sigmoid");
  check_activation<SparsePlus>("keras/fixtures/activations", "sparse_plus");
  check_activation<ThresholdLayer<0.5, -1>>("keras/fixtures/activations", "threshold_threshold_default_value");
  check_activation<Absolute>("keras/fixtures/activations", "absolute");
  check_activation<Negative>("keras/fixtures/activations", "negative");
  check_activation<Square>("keras/fixtures/activations", "square");
  check_activation<Clip<-0.5, 4>>("keras/fixtures/activations", "clip_x_min_x_max");
  check_activation<Power<3>>("keras/fixtures/activations", "power_x2");
  check_activation<Log>("keras/fixtures/arithmetic", "log");
  check_activation<Reciprocal>("keras/fixtures/arithmetic", "reciprocal");
  check_activation<Sqrt>("keras/fixtures/arithmetic", "sqrt");
  check_activation<Power<-2>>("keras/fixtures/arithmetic", "power_-2.0");
  check_activation<Power<2.5>>("keras/fixtures/arithmetic", "power_2.5");
  check_activation<Power<0.7>>("keras/fixtures/arithmetic", "power_0.7");
}

TEST_CASE("losses at their edges equal Keras'", "[keras]") {
  check_loss<int>("keras/fixtures/loss_sparse_unnormalised", SparseCategoricalCrossentropy{});
  check_loss<int>("keras/fixtures/loss_sparse_small_sum", SparseCategoricalCrossentropy{});
  check_loss<int>("keras/fixtures/loss_sparse_zeros", SparseCategoricalCrossentropy{});
  check_loss<int>("keras/fixtures/loss_sparse_zero_at_label", SparseCategoricalCrossentropy{});
  check_loss<int>("keras/fixtures/loss_sparse_certain", SparseCategoricalCrossentropy{});
  check_loss<int>("keras/fixtures/loss_sparse_logits_far_apart", SparseCategoricalCrossentropy{.from_logits = true});
  check_loss<float>("keras/fixtures/loss_categorical_unnormalised", CategoricalCrossentropy{});
  check_loss<float>("keras/fixtures/loss_categorical_zero_at_label", CategoricalCrossentropy{});
  check_loss<float>("keras/fixtures/loss_categorical_logits_far_apart", CategoricalCrossentropy{.from_logits = true});
  check_loss<float>("keras/fixtures/loss_huber_at_delta", Huber{.delta = 0.5});
  check_loss<float>("keras/fixtures/loss_binary_zeros", BinaryCrossentropy{});
  check_loss<float>("keras/fixtures/loss_binary_logits_far_apart", BinaryCrossentropy{.from_logits = true});
}

TEST_CASE("metrics at their edges equal Keras'", "[keras]") {
  check_metric<int>("keras/fixtures/metric_sparse_categorical", SparseCategoricalAccuracy{});
  check_metric<int>("keras/fixtures/metric_sparse_categorical_tie", SparseCategoricalAccuracy{});
  check_metric<float>("keras/fixtures/metric_categorical", CategoricalAccuracy{});
  check_metric<int>("keras/fixtures/metric_top_1", SparseTopKCategoricalAccuracy{.k = 1});
  check_metric<int>("keras/fixtures/metric_top_1_nan", SparseTopKCategoricalAccuracy{.k = 1});
  check_metric<int>("keras/fixtures/metric_top_1_nan_at_label", SparseTopKCategoricalAccuracy{.k = 1});
  check_metric<int>("keras/fixtures/metric_top_2", SparseTopKCategoricalAccuracy{.k = 2});
  check_metric<int>("keras/fixtures/metric_top_2_nan", SparseTopKCategoricalAccuracy{.k = 2});
  check_metric<int>("keras/fixtures/metric_top_2_nan_at_label", SparseTopKCategoricalAccuracy{.k = 2});
  check_metric<int>("keras/fixtures/metric_top_3", SparseTopKCategoricalAccuracy{.k = 3});
  check_metric<int>("keras/fixtures/metric_top_3_nan", SparseTopKCategoricalAccuracy{.k = 3});
  check_metric<int>("keras/fixtures/metric_top_3_nan_at_label", SparseTopKCategoricalAccuracy{.k = 3});
  check_metric<int>("keras/fixtures/metric_binary", BinaryAccuracy{});
  check_metric<int>("keras/fixtures/metric_binary_threshold", BinaryAccuracy{.threshold = 0.3});
  check_metric<int>("keras/fixtures/metric_binary_at_threshold", BinaryAccuracy{.threshold = 0.3});
  check_metric<float>("keras/fixtures/metric_binary_soft_targets", BinaryAccuracy{});
  check_metric<float>("keras/fixtures/metric_mean_absolute_error", MeanAbsoluteError{});
}

TEST_CASE("learning rates that change equal Keras'", "[keras]") {
  check_schedule("keras/fixtures/schedule_exponential", ExponentialDecay{.initial_learning_rate = 0.1, .decay_steps =
      10, .decay_rate = 0.5});
  check_schedule("keras/fixtures/schedule_exponential_staircase", ExponentialDecay{.initial_learning_rate = 0.1,
      .decay_steps = 10, .decay_rate = 0.5, .staircase = true});
  check_schedule("keras/fixtures/schedule_piecewise", PiecewiseConstantDecay{.boundaries = {10, 20}, .values = {0.1,
      0.01, 0.001}});
  check_schedule("keras/fixtures/schedule_cosine", CosineDecay{.initial_learning_rate = 0.1, .decay_steps = 20});
  check_schedule("keras/fixtures/schedule_cosine_alpha", CosineDecay{.initial_learning_rate = 0.1, .decay_steps = 20,
      .alpha = 0.05});
  check_schedule("keras/fixtures/schedule_cosine_warmup", CosineDecay{.initial_learning_rate = 0.1, .decay_steps = 10,
      .alpha = 0.1, .warmup_target = 0.2, .warmup_steps = 10});
  check_schedule("keras/fixtures/schedule_polynomial", PolynomialDecay{.initial_learning_rate = 0.1, .decay_steps =
      20});
  check_schedule("keras/fixtures/schedule_polynomial_power", PolynomialDecay{.initial_learning_rate = 0.1, .decay_steps
      = 20, .end_learning_rate = 0.01, .power = 2});
  check_schedule("keras/fixtures/schedule_polynomial_cycle", PolynomialDecay{.initial_learning_rate = 0.1, .decay_steps
      = 10, .end_learning_rate = 0.01, .power = 0.5, .cycle = true});
}

TEST_CASE("optimisers over five steps equal Keras'", "[keras]") {
  check_optimizer("keras/fixtures/optimizer_rmsprop_momentum", RMSprop{.learning_rate = 0.01, .momentum = 0.9});
  check_optimizer("keras/fixtures/optimizer_lion", Lion{});
}

TEST_CASE("initial weights equal Keras'", "[keras]") {
  check_initial_weights<Sequential<Input<14, 14, 24>, Conv2D<32, 3>, DepthwiseConv2D<5>, SeparableConv2D<48, 3>,
      Conv2DTranspose<16, 3>, BatchNorm, PReLU<>, Flatten, Dense<20>, LayerNormalization, GroupNormalization<4>>>(
      "keras/fixtures/initial_weights");
}

TEST_CASE("three epochs of fit equal Keras'", "[keras]") {
  check_fit<Sequential<Input<6>, Dense<9, activation<Tanh>>, Dense<4, activation<Softmax>>>, int>(
      "keras/fixtures/fit_classes", SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.1, .momentum = 0.9});
  check_fit<Sequential<Input<6>, Dense<9, activation<Tanh>>, Dense<1, activation<Sigmoid>>>, float>(
      "keras/fixtures/fit_binary", BinaryCrossentropy{}, Adam{.learning_rate = 0.01});
  check_fit<Sequential<Input<6>, Dense<9, activation<ReLU>>, Dense<3>>, float>("keras/fixtures/fit_huber", Huber{.delta
      = 0.5}, Lion{.learning_rate = 0.01});
  check_fit<Sequential<Input<6, 6, 3>, Frozen<Conv2D<4, 3, Same>, BatchNorm>, ReLU, Conv2D<4, 3, Same>,
      Frozen<Residual<Conv2D<4, 3, Same, L2{0.1}>, BatchNorm>, PReLU<>, LayerNormalization, Conv2DTranspose<4, 2,
      Strides{2}>>, BatchNorm, Flatten, Frozen<Dense<9>>, Dense<4, L2{0.01}>>, int>("keras/fixtures/fit_frozen",
      SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0.05, .momentum = 0.9});
}
