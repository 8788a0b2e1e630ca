#pragma once
#include <microhttpd.h>

/* MHD_start_daemon, MHD_get_connection_info and MHD_set_response_options are variadic, which Swift cannot call. */

struct switchyard_MHD_settings
{
  int listen_fd;
  unsigned int threads;
  unsigned int connection_limit;
  unsigned int per_address_limit;
  unsigned int idle_seconds;
  size_t connection_memory;
  MHD_AcceptPolicyCallback accept;
  MHD_AccessHandlerCallback handler;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection_notify;
  void *(*uri_log)(void *cls, const char *uri, struct MHD_Connection *connection);
  void *cls;
};

/* Leaves every target as the client sent it: the Swift side decodes, and refuses what cannot be decoded. */
static size_t
switchyard_MHD_keep_escapes (void *cls, struct MHD_Connection *connection, char *text)
{
  (void) cls;
  (void) connection;
  return __builtin_strlen (text);
}

/* A pool of one thread is not allowed; such a daemon has its single internal thread instead. */
static inline struct MHD_Daemon *
switchyard_MHD_start (const struct switchyard_MHD_settings *s)
{
  struct MHD_OptionItem options[] = {
    { MHD_OPTION_LISTEN_SOCKET, s->listen_fd, NULL },
    { MHD_OPTION_CONNECTION_LIMIT, s->connection_limit, NULL },
    { MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->per_address_limit, NULL },
    { MHD_OPTION_CONNECTION_TIMEOUT, s->idle_seconds, NULL },
    { MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t) s->connection_memory, NULL },
    { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t) s->completed, s->cls },
    { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t) s->connection_notify, s->cls },
    { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t) s->uri_log, s->cls },
    { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t) &switchyard_MHD_keep_escapes, NULL },
    { s->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, s->threads, NULL },
    { MHD_OPTION_END, 0, NULL }
  };
  return MHD_start_daemon (MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, s->accept, s->cls,
                           s->handler, s->cls, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static inline int
switchyard_MHD_socket (struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

static inline const struct sockaddr *
switchyard_MHD_client_address (struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info ? info->client_addr : NULL;
}

static inline void *
switchyard_MHD_socket_context (struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static inline size_t
switchyard_MHD_header_size (struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

/* Without chunks: ends with the connection. */
static inline enum MHD_Result
switchyard_MHD_end_by_close (struct MHD_Response *response)
{
  return MHD_set_response_options (response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}
