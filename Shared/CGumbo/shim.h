#pragma once
#include <gumbo.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

// Memory for one tree, handed out from blocks and given back all at once: gumbo's own destructor follows the tree's depth on
// the stack, and its parser does not check for NULL. What is out of bounds therefore leaves the parser by a long jump, which
// passes over frames of gumbo's only.

typedef struct GumboArenaBlock {
    struct GumboArenaBlock *previous;
    _Alignas(16) char bytes[];
} GumboArenaBlock;

typedef struct GumboArena {
    GumboArenaBlock *blocks;
    char *next;
    char *end;
    size_t block_size;
    size_t left;
    uint64_t deadline;
    unsigned until_check;
    jmp_buf out;
} GumboArena;

enum { GUMBO_ARENA_FULL = 1, GUMBO_ARENA_LATE = 2 };

/// Processor time of this thread in nanoseconds.
static inline uint64_t gumbo_arena_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void gumbo_arena_free(GumboArena *arena) {
    while (arena->blocks) {
        GumboArenaBlock *block = arena->blocks;
        arena->blocks = block->previous;
        free(block);
    }
    arena->next = arena->end = NULL;
}

static inline void *gumbo_arena_allocate(void *userdata, size_t size) {
    GumboArena *arena = (GumboArena *)userdata;
    size = (size + 15) & ~(size_t)15;
    // To ask for the time costs more than most allocations do.
    if (arena->deadline && --arena->until_check == 0) {
        arena->until_check = 1024;
        if (gumbo_arena_time() > arena->deadline) longjmp(arena->out, GUMBO_ARENA_LATE);
    }
    if (size > (size_t)(arena->end - arena->next)) {
        size_t room = size > arena->block_size ? size : arena->block_size;
        if (room > arena->left) longjmp(arena->out, GUMBO_ARENA_FULL);
        GumboArenaBlock *block = (GumboArenaBlock *)malloc(sizeof(GumboArenaBlock) + room);
        if (!block) longjmp(arena->out, GUMBO_ARENA_FULL);
        arena->left -= room;
        block->previous = arena->blocks;
        arena->blocks = block;
        arena->next = block->bytes;
        arena->end = block->bytes + room;
    }
    void *memory = arena->next;
    arena->next += size;
    return memory;
}

// Only the piece that was handed out last could be told, and the parser seldom gives that one back.
static inline void gumbo_arena_deallocate(void *userdata, void *memory) {
    (void)userdata;
    (void)memory;
}

/// What a parse may cost, in bytes and nanoseconds of processor time; 0 is without limit.
typedef struct GumboArenaLimits {
    size_t block_size;
    size_t memory;
    uint64_t time;
} GumboArenaLimits;

/// Parses `length` bytes into the arena, which `gumbo_arena_free` empties. NULL, with the reason in `failure`, when that costs too much.
static inline GumboOutput *gumbo_arena_parse(
    GumboArena *arena, const char *text, size_t length, GumboArenaLimits limits, int *failure
) {
    arena->blocks = NULL;
    arena->next = arena->end = NULL;
    arena->block_size = limits.block_size;
    arena->left = limits.memory ? limits.memory : SIZE_MAX;
    arena->deadline = limits.time ? gumbo_arena_time() + limits.time : 0;
    arena->until_check = 1024;
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = gumbo_arena_allocate;
    options.deallocator = gumbo_arena_deallocate;
    options.userdata = arena;
    options.max_errors = 0;
    // The result of setjmp may stand in a switch or a condition only (C11, 7.13.1.1).
    switch (setjmp(arena->out)) {
    case 0: break;
    case GUMBO_ARENA_LATE:
        *failure = GUMBO_ARENA_LATE;
        gumbo_arena_free(arena);
        return NULL;
    default:
        *failure = GUMBO_ARENA_FULL;
        gumbo_arena_free(arena);
        return NULL;
    }
    return gumbo_parse_with_options(&options, text, length);
}
