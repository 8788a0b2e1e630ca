// Tells ThreadSanitizer about the contended half of Swift's Mutex.
//
// The uncontended half is atomic operations that the compiler inlines into our code, where the sanitizer sees them. The
// contended half lives in libswiftSynchronization, which is not instrumented: a lock that was handed over by the kernel
// looks like no lock at all, and whatever it guards is reported. Each function here takes the place of one of that half,
// calls it, and adds the acquire or release that the sanitizer missed, on the address on which it sees the other half.
// compose/test links this into a thread-sanitized build and into nothing else.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *handle

// Part of the library's stable interface: client code that was compiled against it calls them by these names.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void switchyard_lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool switchyard_try_lock_slow(SELF) __asm__(TRY_LOCK);
SWIFT void switchyard_unlock_slow(SELF) __asm__(UNLOCK);

static SWIFT void (*lock)(uint32_t, SELF);
static SWIFT bool (*try_lock)(SELF);
static SWIFT void (*unlock)(SELF);

static void *original(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        fprintf(stderr, "%s: no %s in libswiftSynchronization\n", __FILE__, name);
        abort();
    }
    return function;
}

// Before any thread starts, so that the pointers need no synchronisation of their own.
__attribute__((constructor)) static void find_originals(void) {
    // A program without a mutex does not load the library, and never calls any of these.
    if (dlsym(RTLD_NEXT, LOCK) == NULL) return;
    lock = original(LOCK);
    try_lock = original(TRY_LOCK);
    unlock = original(UNLOCK);
}

SWIFT void switchyard_lock_slow(uint32_t thread, SELF) {
    lock(thread, handle);
    __tsan_acquire(handle);
}

SWIFT bool switchyard_try_lock_slow(SELF) {
    bool is_locked = try_lock(handle);
    if (is_locked) __tsan_acquire(handle);
    return is_locked;
}

SWIFT void switchyard_unlock_slow(SELF) {
    __tsan_release(handle);
    unlock(handle);
}
