/* The steps of a BERT encoder, written once and compiled for each vector unit: shim.h includes this file with other values of

   SY_FUNCTION(name)  the name that a function has for this vector unit
   SY_TARGET          the attribute that allows its instructions
   SY_ROWS            how many rows of a product the unit's registers hold at once

   A vector has sixteen floats, whatever the unit's width: the compiler cuts it to size. */

#ifndef SWITCHYARD_KERNELS
#define SWITCHYARD_KERNELS

/* Of so many rows at once the scores of attention are kept, so that they stay in the first caches. */
#define SWITCHYARD_ATTENTION_ROWS 24
/* How deep a product goes before it turns to the next rows: a panel of this depth stays in the second cache. */
#define SWITCHYARD_DEPTH 384

#define SY_LOAD(pointer) (*(const switchyard_vector *) (pointer))
#define SY_STORE(pointer, value) (*(switchyard_vector *) (pointer) = (value))
/* Taking nothing away changes no number, not even -0, so that no instruction is left of it. */
#define SY_SPLAT(x) ((float) (x) - (switchyard_vector){ 0 })
/* Lane by lane: where the mask is set, a, elsewhere b. */
#define SY_SELECT(mask, a, b)                                                                                          \
  ((switchyard_vector) (((mask) & (switchyard_lanes) (a)) | (~(mask) & (switchyard_lanes) (b))))
#define SY_UNROLL _Pragma ("clang loop unroll(full)")
#define SY_EACH for (int lane = 0; lane < 16; lane++)
#endif

/* c = start + a[rows, depth] * panel, where start is c itself (stride ldc) or the biases of the panel's 32 columns (stride 0). */
#define SY_TILE(rows)                                                                                                  \
  SY_TARGET static inline void SY_FUNCTION (tile##rows) (const float *a, long lda, const float *panel, long depth,     \
                                                         const float *start, long stride, float *c, long ldc)          \
  {                                                                                                                    \
    switchyard_vector low[rows], high[rows];                                                                           \
    SY_UNROLL for (int r = 0; r < rows; r++)                                                                           \
    {                                                                                                                  \
      low[r] = SY_LOAD (start + r * stride);                                                                           \
      high[r] = SY_LOAD (start + r * stride + 16);                                                                     \
    }                                                                                                                  \
    for (long k = 0; k < depth; k++, panel += 32)                                                                      \
      {                                                                                                                \
        switchyard_vector panel_low = SY_LOAD (panel), panel_high = SY_LOAD (panel + 16);                              \
        SY_UNROLL for (int r = 0; r < rows; r++)                                                                       \
        {                                                                                                              \
          switchyard_vector x = SY_SPLAT (a[r * lda + k]);                                                             \
          low[r] += x * panel_low;                                                                                     \
          high[r] += x * panel_high;                                                                                   \
        }                                                                                                              \
      }                                                                                                                \
    SY_UNROLL for (int r = 0; r < rows; r++)                                                                           \
    {                                                                                                                  \
      SY_STORE (c + r * ldc, low[r]);                                                                                  \
      SY_STORE (c + r * ldc + 16, high[r]);                                                                            \
    }                                                                                                                  \
  }
SY_TILE (12)
SY_TILE (6)
SY_TILE (3)
SY_TILE (2)
SY_TILE (1)
#undef SY_TILE

/* The same for any number of rows. */
SY_TARGET static inline void
SY_FUNCTION (strip) (const float *a, long lda, long rows, const float *panel, long depth, const float *start, long stride,
                     float *c, long ldc)
{
  while (rows > 0)
    {
      long done = 1;
      if (SY_ROWS >= 12 && rows >= 12)
        SY_FUNCTION (tile12) (a, lda, panel, depth, start, stride, c, ldc), done = 12;
      else if (SY_ROWS >= 6 && rows >= 6)
        SY_FUNCTION (tile6) (a, lda, panel, depth, start, stride, c, ldc), done = 6;
      else if (SY_ROWS >= 3 && rows >= 3)
        SY_FUNCTION (tile3) (a, lda, panel, depth, start, stride, c, ldc), done = 3;
      else if (SY_ROWS >= 2 && rows >= 2)
        SY_FUNCTION (tile2) (a, lda, panel, depth, start, stride, c, ldc), done = 2;
      else
        SY_FUNCTION (tile1) (a, lda, panel, depth, start, stride, c, ldc);
      a += done * lda;
      start += done * stride;
      c += done * ldc;
      rows -= done;
    }
}

/* e to the power of each of count numbers, a multiple of sixteen; what is below -87 gives nearly nothing, above 87 nearly no end.
   2^n * e^r with r within half a logarithm of 2, and for e^r the first eight terms of its series: exact to two parts in ten millions. */
SY_TARGET static inline void
SY_FUNCTION (exp) (const float *x, long count, float *result)
{
  for (long i = 0; i < count; i += 16)
    {
      switchyard_vector v = SY_LOAD (x + i);
      v = SY_SELECT (v < SY_SPLAT (-87), SY_SPLAT (-87), v);
      v = SY_SELECT (v > SY_SPLAT (87), SY_SPLAT (87), v);
      /* Adding and taking away 1.5 * 2^23 rounds to a whole number. */
      switchyard_vector n = v * 1.44269504f + 12582912.f;
      n -= 12582912.f;
      /* The logarithm of 2 in two parts, the first of which n can be multiplied with exactly. */
      switchyard_vector r = v - n * 0.693359375f;
      r += n * 2.12194440e-4f;
      switchyard_vector e = SY_SPLAT (1.f / 5040);
      e = e * r + 1.f / 720;
      e = e * r + 1.f / 120;
      e = e * r + 1.f / 24;
      e = e * r + 1.f / 6;
      e = e * r + .5f;
      e = e * r + 1.f;
      e = e * r + 1.f;
      switchyard_lanes power = (__builtin_convertvector (n, switchyard_lanes) + 127) << 23;
      SY_STORE (result + i, e * (switchyard_vector) power);
    }
}

/* x * Phi (x), with the error function of Abramowitz and Stegun, 7.1.26, whose error is at most 1.5e-7. */
SY_TARGET static inline void
SY_FUNCTION (gelu) (float *x)
{
  for (int i = 0; i < 32; i += 16)
    {
      switchyard_vector v = SY_LOAD (x + i), power;
      switchyard_vector z = SY_SELECT (v < SY_SPLAT (0), -v, v) * 0.70710678f;
      power = -z * z;
      SY_FUNCTION (exp) ((const float *) &power, 16, (float *) &power);
      switchyard_vector t = 1.f / (1.f + 0.3275911f * z);
      switchyard_vector p = SY_SPLAT (1.061405429f);
      p = p * t - 1.453152027f;
      p = p * t + 1.421413741f;
      p = p * t - 0.284496736f;
      p = p * t + 0.254829592f;
      /* Half of 1 - erf (z), which is what the smaller side of the bell has. */
      switchyard_vector tail = p * t * power * .5f;
      SY_STORE (x + i, v * SY_SELECT (v < SY_SPLAT (0), tail, 1.f - tail));
    }
}

/* x * (1 + tanh (sqrt (2 / pi) * (x + 0.044715 x^3))) / 2 = x / (1 + e^-2u), u being what tanh is of. */
SY_TARGET static inline void
SY_FUNCTION (tanh_gelu) (float *x)
{
  for (int i = 0; i < 32; i += 16)
    {
      switchyard_vector v = SY_LOAD (x + i), power = v * (v * v * 0.044715f + 1.f) * -1.59576912f;
      SY_FUNCTION (exp) ((const float *) &power, 16, (float *) &power);
      SY_STORE (x + i, v / (1.f + power));
    }
}

SY_TARGET static inline void
SY_FUNCTION (relu) (float *x)
{
  for (int i = 0; i < 32; i += 16)
    {
      switchyard_vector v = SY_LOAD (x + i);
      SY_STORE (x + i, SY_SELECT (v > SY_SPLAT (0), v, SY_SPLAT (0)));
    }
}

SY_TARGET static inline void
SY_FUNCTION (activate) (enum switchyard_activation activation, float *x, long rows, long stride)
{
  for (long row = 0; row < rows; row++, x += stride) switch (activation)
      {
      case SWITCHYARD_GELU: SY_FUNCTION (gelu) (x); break;
      case SWITCHYARD_TANH_GELU: SY_FUNCTION (tanh_gelu) (x); break;
      case SWITCHYARD_RELU: SY_FUNCTION (relu) (x); break;
      case SWITCHYARD_IDENTITY: return;
      }
}

SY_TARGET static inline void
SY_FUNCTION (product) (const float *input, long rows, long depth, const float *packed, const float *bias, long columns,
                       enum switchyard_activation activation, float *output)
{
  for (long k = 0; k < depth; k += SWITCHYARD_DEPTH)
    {
      long part = depth - k < SWITCHYARD_DEPTH ? depth - k : SWITCHYARD_DEPTH;
      for (long column = 0; column < columns; column += 32)
        {
          const float *panel = packed + column * depth + k * 32;
          const float *start = k == 0 ? bias + column : output + column;
          SY_FUNCTION (strip)
          (input + k, depth, rows, panel, part, start, k == 0 ? 0 : columns, output + column, columns);
          /* While the strip is in the first cache. */
          if (k + part == depth) SY_FUNCTION (activate) (activation, output + column, rows, columns);
        }
    }
}

/* Makes scores to weights that add up to 1; of padded columns only the first count ones count. */
SY_TARGET static inline void
SY_FUNCTION (softmax) (float *scores, long count, long padded, float scale)
{
  switchyard_vector greatest = SY_SPLAT (-1e30f), sum = SY_SPLAT (0), index;
  SY_EACH index[lane] = (float) lane;
  for (long i = 0; i < padded; i += 16)
    {
      switchyard_vector v = SY_LOAD (scores + i) * scale;
      v = SY_SELECT (index < SY_SPLAT (count - i), v, SY_SPLAT (-1e30f));
      greatest = SY_SELECT (v > greatest, v, greatest);
      SY_STORE (scores + i, v);
    }
  float top = greatest[0], total = 0;
  SY_EACH top = greatest[lane] > top ? greatest[lane] : top;
  for (long i = 0; i < padded; i += 16) SY_STORE (scores + i, SY_LOAD (scores + i) - top);
  SY_FUNCTION (exp) (scores, padded, scores);
  for (long i = 0; i < padded; i += 16) sum += SY_LOAD (scores + i);
  SY_EACH total += sum[lane];
  for (long i = 0; i < padded; i += 16) SY_STORE (scores + i, SY_LOAD (scores + i) / total);
}

SY_TARGET static inline void
SY_FUNCTION (attention) (const float *qkv, long tokens, long hidden, long heads, float *scratch, float *output)
{
  long head = hidden / heads, stride = 3 * hidden, padded = (tokens + 31) / 32 * 32;
  float *keys = scratch, *values = keys + padded * head, *scores = values + padded * head;
  float zeros[32] = { 0 };
  for (long h = 0; h < heads; h++)
    {
      const float *q = qkv + h * head, *k = q + hidden, *v = k + hidden;
      /* Keys in panels of 32 tokens, values in panels of 32 of their numbers. */
      for (long token = 0; token < padded; token++)
        for (long i = 0; i < head; i++)
          keys[token / 32 * 32 * head + i * 32 + token % 32] = token < tokens ? k[token * stride + i] : 0;
      for (long part = 0; part < head; part += 32)
        for (long token = 0; token < tokens; token++)
          memcpy (values + part * tokens + token * 32, v + token * stride + part, 32 * sizeof (float));
      for (long row = 0; row < tokens; row += SWITCHYARD_ATTENTION_ROWS)
        {
          long rows = tokens - row < SWITCHYARD_ATTENTION_ROWS ? tokens - row : SWITCHYARD_ATTENTION_ROWS;
          for (long token = 0; token < padded; token += 32)
            SY_FUNCTION (strip)
            (q + row * stride, stride, rows, keys + token * head, head, zeros, 0, scores + token, padded);
          for (long r = 0; r < rows; r++)
            SY_FUNCTION (softmax) (scores + r * padded, tokens, padded, 1 / __builtin_sqrtf ((float) head));
          for (long part = 0; part < head; part += 32)
            SY_FUNCTION (strip)
            (scores, padded, rows, values + part * tokens, tokens, zeros, 0, output + row * hidden + h * head + part,
             hidden);
        }
    }
}

SY_TARGET static inline void
SY_FUNCTION (layer_norm) (const float *input, const float *residual, long rows, long width, const float *weight,
                          const float *bias, float epsilon, float *output)
{
  for (long row = 0; row < rows; row++, input += width, residual += width, output += width)
    {
      switchyard_vector sum = SY_SPLAT (0), squares = SY_SPLAT (0);
      float mean = 0, variance = 0;
      for (long i = 0; i < width; i += 16)
        {
          switchyard_vector v = SY_LOAD (input + i) + SY_LOAD (residual + i);
          SY_STORE (output + i, v);
          sum += v;
        }
      SY_EACH mean += sum[lane];
      mean /= (float) width;
      for (long i = 0; i < width; i += 16)
        {
          switchyard_vector v = SY_LOAD (output + i) - mean;
          squares += v * v;
        }
      SY_EACH variance += squares[lane];
      float scale = 1 / __builtin_sqrtf (variance / (float) width + epsilon);
      for (long i = 0; i < width; i += 16)
        SY_STORE (output + i, (SY_LOAD (output + i) - mean) * scale * SY_LOAD (weight + i) + SY_LOAD (bias + i));
    }
}
