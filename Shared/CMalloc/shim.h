// Glibc's module leaves this header out.
#pragma once
#include <malloc.h>
