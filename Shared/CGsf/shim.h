#pragma once
#include <gsf/gsf-infile-msole.h>
#include <gsf/gsf-infile.h>
#include <gsf/gsf-input-stdio.h>
#include <gsf/gsf-input.h>
#include <gsf/gsf-outfile-msole.h>
#include <gsf/gsf-outfile.h>
#include <gsf/gsf-output-memory.h>
#include <gsf/gsf-output.h>

// The checks and casts of GObject's types are macros.
static inline GsfInfile *gsf_as_infile(GsfInput *input) { return GSF_IS_INFILE(input) ? GSF_INFILE(input) : NULL; }
static inline GsfOutput *gsf_as_output(GsfOutfile *outfile) { return GSF_OUTPUT(outfile); }
static inline GsfOutfile *gsf_as_outfile(GsfOutput *output) { return GSF_OUTFILE(output); }
static inline GsfOutputMemory *gsf_as_memory(GsfOutput *output) { return GSF_OUTPUT_MEMORY(output); }
