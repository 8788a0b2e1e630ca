#pragma once
#include <seccomp.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <signal.h>
#include <spawn.h>

// Glibc's module is built without _GNU_SOURCE, which hides these.
extern int clone(int (*body)(void *), void *stack, int flags, void *argument, ...);
extern int memfd_create(const char *name, unsigned int flags);
extern int pipe2(int ends[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
enum { sandbox_f_setpipe_sz = 1031, sandbox_mfd_cloexec = 1 };

// Swift declares fork() unavailable. It is right here: the helper that forks has a single thread.
static inline pid_t sandbox_fork(void) { return fork(); }

// Starts a child in this process's own memory, on a stack of its own, and waits until it has become another program:
// to copy the page tables for a child that drops them at once costs half as much as a short document does.
static inline pid_t sandbox_vfork(int (*body)(void *), void *stack_end, void *argument) {
    return clone(body, stack_end, 0x00000100 /* CLONE_VM */ | 0x00004000 /* CLONE_VFORK */ | SIGCHLD, argument);
}

// prctl() is variadic.
static inline int sandbox_prctl(int option, unsigned long argument) { return prctl(option, argument, 0, 0, 0); }

// Confines this process by a compiled filter.
static inline int sandbox_load(struct sock_filter *instructions, unsigned short count) {
    struct sock_fprog program = {.len = count, .filter = instructions};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

enum { sandbox_max_descriptors = 3 };

// Sends one packet with up to sandbox_max_descriptors descriptors; the CMSG macros do not import.
static inline ssize_t sandbox_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t n) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * sandbox_max_descriptors)];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (n > 0 && n <= sandbox_max_descriptors) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * n);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Receives one packet; *n becomes the number of descriptors that came with it (close-on-exec).
static inline ssize_t sandbox_receive(int socket, void *bytes, size_t capacity, int *descriptors, size_t *n) {
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * sandbox_max_descriptors)];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    *n = 0;
    if (count < 0) return count;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        *n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(header), *n * sizeof(int));
    }
    return count;
}
