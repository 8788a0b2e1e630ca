#pragma once
#include <stdint.h>
#include <string.h>

/* The arithmetic of a BERT encoder, for the widest vector unit that the CPU has; kernels.h has the steps themselves.

   Products are not left to BLAS: weights are laid out for the kernel once, biases and activations are done while results are in
   the first cache, and nothing is packed for each call. On an AVX-512 CPU that is a fifth faster than OpenBLAS 0.3.21 with its best
   kernel (Tests/Embeddings/bench shows both), and Debian's OpenBLAS takes that kernel on some of these CPUs only when
   OPENBLAS_CORETYPE says so before the process starts. */

/* Unaligned, and free to be any memory. */
typedef float switchyard_vector __attribute__ ((vector_size (64), aligned (4), may_alias));
typedef int32_t switchyard_lanes __attribute__ ((vector_size (64), aligned (4), may_alias));

enum switchyard_activation
{
  SWITCHYARD_IDENTITY,
  SWITCHYARD_GELU,
  SWITCHYARD_TANH_GELU,
  SWITCHYARD_RELU
};

enum switchyard_vector_unit
{
  SWITCHYARD_BASELINE,
  SWITCHYARD_AVX2,
  SWITCHYARD_AVX512
};

#define SY_FUNCTION(name) switchyard_##name##_baseline
#define SY_TARGET
#define SY_ROWS 1
#include "kernels.h"
#undef SY_FUNCTION
#undef SY_TARGET
#undef SY_ROWS

#if defined(__x86_64__)
#define SY_FUNCTION(name) switchyard_##name##_avx2
#define SY_TARGET __attribute__ ((target ("avx2,fma")))
#define SY_ROWS 3
#include "kernels.h"
#undef SY_FUNCTION
#undef SY_TARGET
#undef SY_ROWS

#define SY_FUNCTION(name) switchyard_##name##_avx512
#define SY_TARGET __attribute__ ((target ("avx512f,avx512dq,avx512bw,avx512vl,fma")))
#define SY_ROWS 12
#include "kernels.h"
#undef SY_FUNCTION
#undef SY_TARGET
#undef SY_ROWS
#endif

/* The widest vector unit that this CPU and system have and the kernels know. */
static inline enum switchyard_vector_unit
switchyard_best_vector_unit (void)
{
#if defined(__x86_64__)
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512vl"))
    return SWITCHYARD_AVX512;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma")) return SWITCHYARD_AVX2;
#endif
  return SWITCHYARD_BASELINE;
}

#if defined(__x86_64__)
#define SY_DISPATCH(name, ...)                                                                                         \
  switch (unit)                                                                                                        \
    {                                                                                                                  \
    case SWITCHYARD_AVX512: switchyard_##name##_avx512 (__VA_ARGS__); break;                                           \
    case SWITCHYARD_AVX2: switchyard_##name##_avx2 (__VA_ARGS__); break;                                               \
    case SWITCHYARD_BASELINE: switchyard_##name##_baseline (__VA_ARGS__); break;                                       \
    }
#else
#define SY_DISPATCH(name, ...) switchyard_##name##_baseline (__VA_ARGS__);
#endif

/* Lays weights [columns, depth] out for switchyard_product: panels of 32 columns, in each the 32 numbers of one depth side by side. */
static inline void
switchyard_pack (const float *weights, long columns, long depth, float *packed)
{
  for (long column = 0; column < columns; column += 32)
    for (long k = 0; k < depth; k++)
      for (long c = 0; c < 32; c++) *packed++ = weights[(column + c) * depth + k];
}

/* output[rows, columns] = activation (input[rows, depth] * weights + bias); columns is a multiple of 32. */
static inline void
switchyard_product (enum switchyard_vector_unit unit, const float *input, long rows, long depth, const float *packed,
                    const float *bias, long columns, enum switchyard_activation activation, float *output)
{
  SY_DISPATCH (product, input, rows, depth, packed, bias, columns, activation, output)
}

/* How many floats switchyard_attention needs beside its arguments. */
static inline long
switchyard_attention_scratch (long tokens, long head)
{
  long padded = (tokens + 31) / 32 * 32;
  return 2 * padded * head + SWITCHYARD_ATTENTION_ROWS * padded;
}

/* output[tokens, hidden] = the attention of the tokens of one text among themselves, head by head, from qkv[tokens, 3 * hidden];
   a head's width is a multiple of 32. */
static inline void
switchyard_attention (enum switchyard_vector_unit unit, const float *qkv, long tokens, long hidden, long heads,
                      float *scratch, float *output)
{
  SY_DISPATCH (attention, qkv, tokens, hidden, heads, scratch, output)
}

/* output = the rows of input + residual, each brought to mean 0 and variance 1, times weight plus bias; width is a multiple of 16.
   output may be one of the inputs. */
static inline void
switchyard_layer_norm (enum switchyard_vector_unit unit, const float *input, const float *residual, long rows, long width,
                       const float *weight, const float *bias, float epsilon, float *output)
{
  SY_DISPATCH (layer_norm, input, residual, rows, width, weight, bias, epsilon, output)
}
#undef SY_DISPATCH
