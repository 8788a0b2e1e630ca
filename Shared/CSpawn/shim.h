// What glibc declares only under _GNU_SOURCE, which Swift's own import of glibc does not set.
#pragma once
#include <spawn.h>

int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
int memfd_create(const char *, unsigned int);

static const short SPAWN_NEW_SESSION = 0x80; // POSIX_SPAWN_SETSID
static const unsigned int MEMFD_CLOSE_ON_EXEC = 1; // MFD_CLOEXEC
