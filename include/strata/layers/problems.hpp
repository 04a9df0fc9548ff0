// What can be wrong with more than one layer.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/problem.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/window.hpp>

namespace strata::detail {

/// `rule` is "pooling needs an image" or the like.
constexpr Problem image_problem(const char* rule, Shape in) {
  if (in.rank == 3) return {};
  return {rule, "an input of height x width x channels", "put it before Flatten and Dense, or give Input three sizes"};
}
constexpr Problem sequence_problem(const char* rule, Shape in) {
  if (in.rank == 2) return {};
  return {rule, "an input of length x channels", "put it before Flatten, or give Input two sizes"};
}
/// Axes count from 1, without the batch, or -1 for the last.
constexpr int index_of_axis(int axis, Shape in) { return axis == -1 ? in.rank - 1 : axis - 1; }
constexpr Problem axis_problem(int axis, Shape in) {
  if (axis == -1 || (axis >= 1 && axis <= in.rank)) return {};
  return {"the axis does not exist", Text() << "an axis from 1 to " << in.rank << ", or -1 for the last",
          "count from 1, without the batch", Text() << "axis " << axis};
}
/// Which of them, and whether the extents of a layer of one dimension are single numbers.
template <Config C>
constexpr Problem dimensions_problem(const C& config, const char* rule_on_images, const char* rule_on_sequences,
                                     Shape in) {
  if constexpr (C::schema.dimensions == 2) return image_problem(rule_on_images, in);
  Problem problem = sequence_problem(rule_on_sequences, in);
  for_each_member(
      [&]<class Member>(bool, const char*, const Member& member) {
        if constexpr (std::derived_from<Member, Extent>)
          if (!problem && member.height != member.width)
            problem = {"two numbers for one dimension", "one number", "give one number",
                       Text() << member.height << ", " << member.width};
        if constexpr (std::is_same_v<Member, Pad>)
          if (!problem && (member.top != member.bottom || member.left != member.right))
            problem = {"four numbers for one dimension", "one or two numbers", "give the cells before and after",
                       Text() << member.top << ", " << member.bottom << ", " << member.left << ", " << member.right};
      },
      config);
  return problem;
}

/// 3x5, of a sequence 5.
constexpr BasicText<200> extents(Shape in, long long height, long long width) {
  BasicText<200> text;
  if (in.rank != 2) text << height << 'x';
  return text << width;
}

/// `rule` is "the strides are not positive" or the like.
constexpr Problem extent_problem(const char* rule, Shape in, Extent extent) {
  if (extent.height > 0 && extent.width > 0) return {};
  return {rule, BasicText<200>("at least ") << extents(in, 1, 1), "give positive sizes",
          extents(in, extent.height, extent.width)};
}

/// `rule` is "the padding is negative" or the like.
constexpr Problem sides_problem(const char* rule, Shape in, Sides sides) {
  if (sides.top >= 0 && sides.bottom >= 0 && sides.left >= 0 && sides.right >= 0) return {};
  BasicText<200> received;
  if (in.rank != 2) received << sides.top << ", " << sides.bottom << ", ";
  return {rule, "0 or more cells on each side", "give 0 or more cells on each side",
          received << sides.left << ", " << sides.right};
}
/// Of a layer that takes explicit padding.
constexpr Problem padding_problem(Padding padding, Shape in, Pad pad) {
  if (padding != Valid && pad != Pad{0})
    return {"two kinds of padding", "one of them", "keep one of them",
            Text() << choices(padding).spellings[static_cast<std::size_t>(padding)] << " and Pad"};
  return sides_problem("the padding is negative", in, pad);
}
/// `rule` is "the kernel is larger than the input" or the like.
constexpr Problem fit_problem(const char* rule, const char* fix, Shape in, const Window& window) {
  if (window.out.height > 0 && window.out.width > 0) return {};
  return {rule,
          BasicText<200>("an input of at least ")
              << extents(in, window.reach.height - window.before.height - window.after.height,
                         window.reach.width - window.before.width - window.after.width),
          fix};
}

}  // namespace strata::detail
