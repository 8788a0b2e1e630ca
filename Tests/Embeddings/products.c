/* How fast this machine can multiply and add at all, and how fast the encoder's products are beside OpenBLAS's: one line of JSON in
   10^9 operations a second, all threads together. Rounds of the sides alternate; the best round of each counts.

   usage: products THREADS */
#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../Shared/CEncoder/shim.h"

void openblas_set_num_threads (int);
char *openblas_get_corename (void);

enum { ROWS = 256, HIDDEN = 384, WIDE = 1536, REPEATS = 12 };

/* The products of one layer of all-MiniLM-L6-v2: columns and depth. */
static const long shapes[4][2] = { { 3 * HIDDEN, HIDDEN }, { HIDDEN, HIDDEN }, { WIDE, HIDDEN }, { HIDDEN, WIDE } };
static const double operations = 2.0 * ROWS * HIDDEN * (4 * HIDDEN + 2 * WIDE) * REPEATS;
static const long peak_turns = 1500000;

enum side { PEAK, OURS, OPENBLAS, SIDES };

struct thread
{
  enum side side;
  float *input, *output, *weights[4], *packed[4], *bias;
};

/* Sums of products in 24 registers that do not wait for each other, sixteen numbers each. */
__attribute__ ((target ("avx512f"))) static void
run_peak (void)
{
  switchyard_vector sums[24] = { { 0 } }, x = { 0 };
  for (long turn = 0; turn < peak_turns; turn++)
    {
#pragma clang loop unroll(full)
      for (int i = 0; i < 24; i++) __asm__ volatile("vfmadd231ps %1, %1, %0" : "+v"(sums[i]) : "v"(x));
    }
}

static void *
run (void *argument)
{
  struct thread *t = argument;
  if (t->side == PEAK) return run_peak (), NULL;
  for (int repeat = 0; repeat < REPEATS; repeat++)
    for (int s = 0; s < 4; s++)
      if (t->side == OURS)
        switchyard_product (switchyard_best_vector_unit (), t->input, ROWS, shapes[s][1], t->packed[s], t->bias, shapes[s][0],
                            SWITCHYARD_IDENTITY, t->output);
      else
        cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, ROWS, (int)shapes[s][0], (int)shapes[s][1], 1, t->input,
                     (int)shapes[s][1], t->weights[s], (int)shapes[s][1], 0, t->output, (int)shapes[s][0]);
  return NULL;
}

static float *
numbers (long count)
{
  float *found = aligned_alloc (64, (size_t)count * sizeof (float));
  for (long i = 0; i < count; i++) found[i] = (float)(i % 13) / 13 - .5f;
  return found;
}

int
main (int argc, char **argv)
{
  int count = argc > 1 ? atoi (argv[1]) : 1;
  if (count < 1 || count > 64) return 2;
  struct thread threads[64];
  double best[SIDES] = { 0 };
  openblas_set_num_threads (1);
  for (int i = 0; i < count; i++)
    {
      threads[i].input = numbers (ROWS * WIDE);
      threads[i].output = numbers (ROWS * WIDE);
      threads[i].bias = numbers (WIDE);
      for (int s = 0; s < 4; s++)
        {
          long size = shapes[s][0] * shapes[s][1];
          threads[i].weights[s] = numbers (size);
          threads[i].packed[s] = numbers (size);
          switchyard_pack (threads[i].weights[s], shapes[s][0], shapes[s][1], threads[i].packed[s]);
        }
    }
  for (int round = 0; round < 15; round++)
    for (int side = 0; side < SIDES; side++)
      {
        pthread_t ids[64];
        struct timespec start, end;
        if (side == PEAK && switchyard_best_vector_unit () != SWITCHYARD_AVX512) continue;
        clock_gettime (CLOCK_MONOTONIC, &start);
        for (int i = 0; i < count; i++)
          {
            threads[i].side = side;
            if (pthread_create (&ids[i], NULL, run, &threads[i])) return 1;
          }
        for (int i = 0; i < count; i++) pthread_join (ids[i], NULL);
        clock_gettime (CLOCK_MONOTONIC, &end);
        double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
        double done = side == PEAK ? 24.0 * 32 * peak_turns : operations;
        if (count * done / seconds > best[side]) best[side] = count * done / seconds;
      }
  printf ("{\"peak\": %.1f, \"ours\": %.1f, \"openblas\": %.1f, \"openblas_core\": \"%s\"}\n", best[PEAK] * 1e-9,
          best[OURS] * 1e-9, best[OPENBLAS] * 1e-9, openblas_get_corename ());
}
